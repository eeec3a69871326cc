"""KL(π ‖ π_ref) of whole completions, and its estimators by name.

Every estimator takes the log-probabilities of the next token under the policy and under the
reference, of shape (batch, length, vocabulary), the sampled tokens (batch, length) and the
mask of the tokens that count (batch, length), and returns one value per completion, in nats.
"""

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

from lib.machine.compute import texts_at_once
from lib.policies.combinations import Combined
from lib.policies.log_probabilities import Tokens, next_token_log_probabilities

Estimator = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def exact_per_token(policy: Tensor, reference: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
    """Σₜ KL(π(·|y₍<t₎) ‖ π_ref(·|y₍<t₎)), exact over the vocabulary, summed along a sampled text.

    Its expectation over y ~ π is the KL of the completions, as it is for `log_ratio`, but
    each step's choice of a token is averaged out: it is never negative and varies less.
    """
    return ((policy.exp() * (policy - reference)).sum(-1) * mask).sum(-1)


def log_ratio(policy: Tensor, reference: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
    """log π(y|x) − log π_ref(y|x), one log ratio per completion (WARP, algorithm 1; "k1")."""
    ratio = (policy - reference).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    return (ratio * mask).sum(-1)


ESTIMATORS: dict[str, Estimator] = {"exact_per_token": exact_per_token, "log_ratio": log_ratio}


def kl_of_completions(
    policies: Combined,
    references: Mapping[str, Combined],
    number: int,
    prompts: Sequence[Tokens],
    completions: Sequence[Tokens],
    *,
    temperature: float,
    estimator: str,
    longest: int | None = None,
) -> dict[str, list[float]]:
    """KL of each completion of one of the policies to each reference, by the reference's name, in nats.

    number: of the policy, and of the reference that belongs to it. A few texts are taken at a time, where the logits
    of the whole batch would not fit into memory. longest: tokens that a completion can have, if processes that hold one
    model together have to take equally many texts at a time.
    """
    found: dict[str, list[float]] = {name: [] for name in references}
    with policies.alone(number) as (models, _):
        vocabulary = models[0].config.get_text_config().vocab_size
    size = texts_at_once(longest or max(map(len, completions)), vocabulary)
    for start in range(0, len(prompts), size):
        texts = prompts[start : start + size], completions[start : start + size]
        with policies.alone(number) as mixed:
            ours, tokens, mask = next_token_log_probabilities(*mixed, *texts, temperature)
        for name, reference in references.items():
            with reference.alone(number) as mixed:
                theirs, _, _ = next_token_log_probabilities(*mixed, *texts, temperature)
            found[name] += ESTIMATORS[estimator](ours, theirs, tokens, mask).tolist()
    return found
