from math import log

import pytest
import torch

from lib.policies.combinations import One
from lib.policies.kl import ESTIMATORS, exact_per_token, kl_of_completions, log_ratio

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
def test_where_logits_would_not_fit_texts_are_taken_a_few_at_a_time(llama, other_llama, monkeypatch, estimator):
    prompts, completions = [[1, 5], [1, 6, 7], [1, 8]], [[9, 10, 11], [12], [13, 14]]
    arguments = {"temperature": 0.9, "estimator": estimator}
    texts = One([llama]), {"other": One([other_llama]), "itself": One([llama])}, 0, prompts, completions
    together = kl_of_completions(*texts, **arguments)
    monkeypatch.setattr("lib.machine.compute.MOST_LOGITS", 2 * 3 * llama.config.vocab_size)
    few = kl_of_completions(*texts, **arguments)
    assert few["other"] == pytest.approx(together["other"], rel=1e-5)
    assert min(map(abs, few["other"])) > 1e-4
    assert few["itself"] == pytest.approx([0, 0, 0], abs=1e-6)
