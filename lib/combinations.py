"""Policies combined, in the space of weights or of logits, and run: what is scored.

Policies of which all weights are there are merged here, one combination after the other; `lib.sweeps` runs many
combinations of LoRA policies in one batch.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol

from transformers import PreTrainedModel

from lib.merging import linear_soup, slerp
from lib.weights import set_weights, weights

Mixed = tuple[Sequence[PreTrainedModel], Sequence[float]]
"""Models and the weights of their logits: one model of weight 1, but for an ensemble of predictions."""


class Point(NamedTuple):
    """A combination of some policies: `of` their "weights", by "slerp" of their task vectors, or of their "logits".

    weights: one per policy. anchor: the weights of the soup of policies that its KL is told to as well, or None.
    """

    of: str
    weights: tuple[float, ...]
    anchor: tuple[float, ...] | None

    def present(self, policies: Sequence[Path]) -> dict[Path, float]:
        """The policies that have a weight in it, with that."""
        return {policy: weight for policy, weight in zip(policies, self.weights, strict=True) if weight > 0}


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


class FullPolicies:
    """Policies of which all weights are there. read: makes a model of a directory."""

    def __init__(self, policies: Sequence[Path], reference: Path, read: Callable[[Path], PreTrainedModel]) -> None:
        self.policies, self.reference, self.read = policies, reference, cache(read)
        self.merged, self.anchor = read(reference), read(reference)

    def combinations(self, points: Iterable[Point]) -> Iterator[tuple[list[Point], Combined, dict[str, Combined]]]:
        """Each point by itself, with the references that its KL is told to, by the name of the column."""
        for point in points:
            references: dict[str, Combined] = {"kl": One([self.read(self.reference)])}
            if point.anchor is not None:
                references["kl_to_anchor"] = self._combined(Point("weights", point.anchor, None), self.anchor)
            yield [point], self._combined(point, self.merged), references

    def _combined(self, point: Point, scratch: PreTrainedModel) -> One:
        present = point.present(self.policies)
        models, coefficients = [self.read(path) for path in present], list(present.values())
        if point.of == "logits":
            return One(models, coefficients)
        tensors = [weights(model) for model in models]
        if point.of == "slerp":
            set_weights(scratch, slerp(weights(self.read(self.reference)), tensors, coefficients[1:]))
        else:
            set_weights(scratch, linear_soup(tensors, coefficients))
        return One([scratch])
