"""Combinations of policies of which all weights are there, merged one after the other."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from transformers import PreTrainedModel

from lib.merging import Weights, linear_soup, slerp
from lib.models.weights import set_weights, weights
from lib.policies.combinations import Combined, One, Point


class FullPolicies:
    """Policies of which all weights are there. read: makes a model of a directory.

    The device holds two models to merge into and the reference; the policies' weights are kept beside the CPU, once.
    """

    def __init__(self, policies: Sequence[Path], reference: Path, read: Callable[[Path], PreTrainedModel]) -> None:
        self.policies, self.reference, self.read = policies, reference, read
        self.merged, self.anchor, self.of_reference = read(reference), read(reference), read(reference)

    def combinations(self, points: Iterable[Point]) -> Iterator[tuple[list[Point], Combined, dict[str, Combined]]]:
        """Each point by itself, with the references that its KL is told to, by the name of the column."""
        for point in points:
            references: dict[str, Combined] = {"kl": One([self.of_reference])}
            if point.anchor is not None:
                references["kl_to_anchor"] = self._combined(Point("linear", point.anchor, None), self.anchor)
            yield [point], self._combined(point, self.merged), references

    def _combined(self, point: Point, scratch: PreTrainedModel) -> One:
        present = point.present(self.policies)
        coefficients = list(present.values())
        if point.of == "logits":
            return One([self.read(path) for path in present], coefficients)
        tensors = [self._weights(path) for path in present]
        if point.of == "slerp":
            set_weights(scratch, slerp(self._weights(self.reference), tensors, coefficients[1:]))
        else:
            set_weights(scratch, linear_soup(tensors, coefficients))
        return One([scratch])

    @cache  # noqa: B019 (an object of this class lives as long as its process)
    def _weights(self, policy: Path) -> Weights:
        return {name: tensor.cpu() for name, tensor in weights(self.read(policy)).items()}
