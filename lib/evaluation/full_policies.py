"""Combinations of policies of which all weights are there, merged one after the other."""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from transformers import PreTrainedModel

from lib.evaluation.points import LOGITS, Point
from lib.merging import Weights, merge_named
from lib.models.weights import set_weights, weights_of
from lib.policies.combinations import Combined, One


class FullPolicies:
    """Policies of which all weights are there. read: makes a model of a directory.

    The device holds two models to merge into and θ_sft; the policies' weights are kept beside the CPU, once.
    """

    def __init__(self, policies: Sequence[Path], sft: Path, read: Callable[[Path], PreTrainedModel]) -> None:
        self.policies, self.sft, self.read = policies, sft, read
        self.of_sft = read(sft)
        self.merged, self.anchor = copy.deepcopy(self.of_sft), copy.deepcopy(self.of_sft)

    def combinations(self, points: Iterable[Point]) -> Iterator[tuple[list[Point], Combined, dict[str, Combined]]]:
        """Each point by itself, with the models that its KL is measured to, by the KL's column."""
        for point in points:
            references: dict[str, Combined] = {"kl": One([self.of_sft])}
            if point.anchor is not None:
                references["kl_to_anchor"] = self._combined(Point("linear", point.anchor, None), self.anchor)
            yield [point], self._combined(point, self.merged), references

    def _combined(self, point: Point, scratch: PreTrainedModel) -> One:
        present = point.present(self.policies)
        paths, coefficients = list(present), list(present.values())
        if point.merge == LOGITS:
            return One([self.read(path) for path in paths], coefficients)
        merge = merge_named(point.merge)
        models = [self._weights(path) for path in merge.models(self.sft, paths)]
        set_weights(scratch, merge.step([models], coefficients)(models))
        return One([scratch])

    @cache  # noqa: B019 (an object of this class lives as long as its process)
    def _weights(self, policy: Path) -> Weights:
        return {name: tensor.cpu() for name, tensor in weights_of(self.read(policy)).items()}
