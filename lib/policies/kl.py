"""KL(π ‖ π_ref) of whole completions, and a table of its estimators.

An estimator takes the log-probabilities of the next token under the policy and the reference, (batch, length,
vocabulary) each, the sampled tokens and the mask of tokens up to the end, (batch, length) each. It returns one value
per completion, in nats.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from lib.machine.on_cpu import tempered
from lib.policies.decoding import Decoding
from lib.policies.log_probabilities import Tokens
from lib.policies.sampling import sample_from

Estimator = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def exact_per_token(policy: Tensor, reference: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
    """Σₜ KL(π(·|y₍<t₎) ‖ π_ref(·|y₍<t₎)) along a sampled completion, each term exact over the vocabulary.

    Its expectation over y ~ π is the KL of completions, like that of `log_ratio`. It is never negative and has less
    variance, because each term is an expectation over the next token.
    """
    return ((policy.exp() * (policy - reference)).sum(-1) * mask).sum(-1)


def log_ratio(policy: Tensor, reference: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
    """log π(y|x) − log π_ref(y|x), one log ratio per completion (WARP, algorithm 1; "k1")."""
    ratio = (policy - reference).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    return (ratio * mask).sum(-1)


ESTIMATORS: dict[str, Estimator] = {"exact_per_token": exact_per_token, "log_ratio": log_ratio}


class KLWhileSampling:
    """KL of completions to some references, measured while they are sampled (`lib.policies.sampling.sample_from`).

    Each reference goes along the completions step by step. So it takes one more forward pass per reference and not two,
    and what is held at once does not grow with the length of completions.

    references: by name, on the prompts that are sampled for. `kl`: by name, (prompts,), in nats.
    """

    def __init__(self, references: Mapping[str, Decoding], temperature: float, estimator: str) -> None:
        self.references, self.temperature, self.estimate = references, temperature, ESTIMATORS[estimator]
        self.before: Tensor | None = None  # the tokens that were drawn last
        self.kl: dict[str, Tensor] = {}

    def __call__(self, policy: Tensor, drawn: Tensor, running: Tensor) -> None:
        """One step: log π of the next token, the tokens drawn, and the completions that they belong to."""
        for name, reference in self.references.items():
            logits = tempered(reference.after(self.before), self.temperature)
            of_token = (part.unsqueeze(1) for part in (policy, torch.log_softmax(logits, -1), drawn, running))
            self.kl[name] = self.kl.get(name, 0) + self.estimate(*of_token)
        self.before = drawn


def sample_with_kl(
    policy: Decoding, references: Mapping[str, Decoding], estimator: str, *, temperature: float, **how
) -> tuple[list[Tokens], dict[str, list[float]]]:
    """Completions, and the KL of each to the references, by name.

    how: what `lib.policies.sampling.sample_from` takes besides.
    """
    measured = KLWhileSampling(references, temperature, estimator)
    drawn = sample_from(policy, temperature=temperature, watch=measured, **how)
    return drawn, {name: kl.tolist() for name, kl in measured.kl.items()}
