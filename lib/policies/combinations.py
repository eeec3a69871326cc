"""Policies combined, in the space of weights or of logits, and run: what is scored, and how it is asked for."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple, Protocol

from transformers import PreTrainedModel

from lib.policies.decoding import Decoding, Mixed
from lib.policies.log_probabilities import Tokens

LOGITS = "logits"


class Point(NamedTuple):
    """A combination of some policies.

    merge: its name (`lib.merging.merge_named`), or "logits" for MOD (arXiv 2406.18853): softmax(Σᵢ wᵢ zᵢ) ∝ Πᵢ πᵢ^wᵢ at
    each token. Where each πᵢ is optimal for its Rᵢ, with one β and anchor, this is for Σᵢ wᵢ Rᵢ. Rewarded Soups
    compares its soups with it as the ensemble of predictions. weights: one per policy. anchor: the weights of a linear
    soup of policies that KL is measured to as well, or None.
    """

    merge: str
    weights: tuple[float, ...]
    anchor: tuple[float, ...] | None

    def present(self, policies: Sequence[Path]) -> dict[Path, float]:
        """The policies that have a weight in it, with that. It may be negative."""
        return {policy: weight for policy, weight in zip(policies, self.weights, strict=True) if weight}


class Combined(Protocol):
    """Combinations that are run together."""

    count: int

    def decoding(self, numbers: Sequence[int], prompts: Sequence[Tokens]) -> Decoding:
        """Some of them, each on all of the prompts: those of the first, then those of the next, and so on."""

    def alone(self, number: int) -> AbstractContextManager[Mixed]:
        """One of them, for any batch."""


class One:
    """One combination, made already. It is every number of itself."""

    count = 1

    def __init__(self, models: Sequence[PreTrainedModel], coefficients: Sequence[float] = (1.0,)) -> None:
        self.mixed = models, coefficients

    def decoding(self, numbers: Sequence[int], prompts: Sequence[Tokens]) -> Decoding:
        return Decoding(lambda: nullcontext(self.mixed), [*prompts] * len(numbers), same=True)

    def alone(self, number: int) -> AbstractContextManager[Mixed]:
        return nullcontext(self.mixed)
