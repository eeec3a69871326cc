"""Policies combined, in the space of weights or of logits, and run: what is scored, and how it is asked for."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple, Protocol

from transformers import PreTrainedModel

Mixed = tuple[Sequence[PreTrainedModel], Sequence[float]]
"""Models and the weights of their logits: one model of weight 1, but for an ensemble of predictions."""

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

    def together(self, numbers: Sequence[int], rows: int) -> AbstractContextManager[Mixed]:
        """Some of them, for a batch of `rows` texts for the first, then as many for the next, and so on."""

    def alone(self, number: int) -> AbstractContextManager[Mixed]:
        """One of them, for any batch."""


class One:
    """One combination, made already. It is every number of itself."""

    count = 1

    def __init__(self, models: Sequence[PreTrainedModel], coefficients: Sequence[float] = (1.0,)) -> None:
        self.mixed = models, coefficients

    def together(self, numbers: Sequence[int], rows: int) -> AbstractContextManager[Mixed]:
        return nullcontext(self.mixed)

    def alone(self, number: int) -> AbstractContextManager[Mixed]:
        return nullcontext(self.mixed)
