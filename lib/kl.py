"""Estimators of KL(π ‖ π_ref) of whole completions, by name.

Every estimator takes the log-probabilities of the next token under the policy and under the
reference, of shape (batch, length, vocabulary), the sampled tokens (batch, length) and the
mask of the tokens that count (batch, length), and returns one value per completion, in nats.
"""

from collections.abc import Callable

from torch import Tensor

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
