from math import log

import pytest
import torch

from lib.policies.combinations import One
from lib.policies.kl import ESTIMATORS, KLWhileSampling, exact_per_token, log_ratio
from lib.policies.log_probabilities import next_token_log_probabilities
from lib.policies.sampling import sample

# a vocabulary of two; the policy says (1/2, 1/2) and then (1/4, 3/4), the reference always (1/4, 3/4)
POLICY = torch.tensor([[[0.5, 0.5], [0.25, 0.75]]]).log()
REFERENCE = torch.tensor([[[0.25, 0.75], [0.25, 0.75]]]).log()
TOKENS = torch.tensor([[0, 1]])
BOTH = torch.tensor([[1, 1]])


def test_exact_worked_by_hand():
    by_hand = 0.5 * log(0.5 / 0.25) + 0.5 * log(0.5 / 0.75)
    assert exact_per_token(POLICY, REFERENCE, TOKENS, BOTH).item() == pytest.approx(by_hand)


def test_log_ratio_worked_by_hand():
    assert log_ratio(POLICY, REFERENCE, TOKENS, BOTH).item() == pytest.approx(log(2))
    other = torch.tensor([[1, 1]])
    assert log_ratio(POLICY, REFERENCE, other, BOTH).item() == pytest.approx(log(0.5 / 0.75))


@pytest.mark.parametrize("estimator", ESTIMATORS.values())
def test_masked_tokens_do_not_count(estimator):
    none = torch.tensor([[0, 1]])
    assert estimator(POLICY, REFERENCE, TOKENS, none).item() == pytest.approx(0, abs=1e-6)


def test_the_two_estimate_the_same():
    """Over all four texts of two tokens, weighted by their probability, both have the KL as their mean."""
    texts = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    policy, reference = POLICY.expand(4, 2, 2), REFERENCE.expand(4, 2, 2)
    probability = policy.gather(-1, texts.unsqueeze(-1)).squeeze(-1).sum(-1).exp()
    mask = torch.ones(4, 2)
    exact = (probability * exact_per_token(policy, reference, texts, mask)).sum()
    ratio = (probability * log_ratio(policy, reference, texts, mask)).sum()
    assert exact.item() == pytest.approx(ratio.item())


def test_exact_varies_less():
    torch.manual_seed(0)
    policy = torch.randn(1, 1, 5).log_softmax(-1).expand(200, 4, 5)
    reference = torch.randn(1, 1, 5).log_softmax(-1).expand(200, 4, 5)
    tokens = torch.multinomial(policy.exp().flatten(0, 1), 1).view(200, 4)
    mask = torch.ones(200, 4)
    assert exact_per_token(policy, reference, tokens, mask).std() < 1e-5
    assert log_ratio(policy, reference, tokens, mask).std() > 0.1


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_while_sampling_it_is_that_of_the_whole_completions(llama, other_llama, estimator):
    prompts = [[1, 5], [1, 6, 7], [1, 5], [1, 8]] * 75  # some come again, and have other completions
    references = {"other": One([other_llama]), "itself": One([llama])}
    asked = {name: reference.decoding([0], prompts) for name, reference in references.items()}
    measured = KLWhileSampling(asked, 0.9, estimator)
    generator = torch.Generator().manual_seed(0)
    drawn = sample([llama], [1.0], prompts, max_new_tokens=12, temperature=0.9, generator=generator, watch=measured)
    assert len({len(row) for row in drawn}) > 1 < len(set(map(tuple, drawn[::4])))
    ours, tokens, mask = next_token_log_probabilities([llama], [1.0], prompts, drawn, 0.9)
    theirs, _, _ = next_token_log_probabilities([other_llama], [1.0], prompts, drawn, 0.9)
    expected = ESTIMATORS[estimator](ours, theirs, tokens, mask)
    torch.testing.assert_close(measured.kl["other"], expected, atol=1e-4, rtol=1e-4)
    assert expected.abs().min() > 1e-4
    assert measured.kl["itself"].abs().max() < 1e-5
