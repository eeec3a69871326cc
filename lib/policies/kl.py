"""KL(π ‖ π_ref) of whole completions, and a table of its estimators.

An estimator takes the log-probabilities of the next token under the policy and the reference, (batch, length,
vocabulary) each, the sampled tokens and the mask of tokens up to the end, (batch, length) each. It returns one value
per completion, in nats.
"""

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

from lib.machine.compute import texts_at_once
from lib.policies.combinations import Combined
from lib.policies.log_probabilities import Tokens, next_token_log_probabilities

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
    """KL of each completion of one policy to each reference, by the reference's name, in nats.

    number: of the policy, and of its reference in each entry of `references`. Texts are read in batches whose logits
    fit into memory. longest: the maximum length of a completion; with sharded models it makes the batches of all
    processes equal in number.
    """
    kl: dict[str, list[float]] = {name: [] for name in references}
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
            kl[name] += ESTIMATORS[estimator](ours, theirs, tokens, mask).tolist()
    return kl
