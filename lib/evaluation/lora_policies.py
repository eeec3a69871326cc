"""Combinations of LoRA policies of one base model.

Merges that are sums of policies are run many in one batch (`lib.evaluation.sweeps`). Any other merge is run by itself,
with the merged changes of the weights beside the base model.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path

import torch
from peft import PeftModel
from torch import Tensor
from transformers import PreTrainedModel

from lib.evaluation.points import LOGITS, Point
from lib.evaluation.sweeps import Coefficients, Sweep
from lib.merges.task_vectors import unit_of
from lib.merging import GeometricMerge, LinearMerge, TensorMerge, Weights, merge_named
from lib.models.lora_in_memory import deltas, lora_layers, with_dense_deltas
from lib.models.streaming import pieces
from lib.policies.combinations import Combined, One


class LoraPolicies:
    """LoRA policies on one base model. read: makes a model of a directory."""

    def __init__(self, policies: Sequence[Path], sft: Path, read: Callable[[Path], PeftModel]) -> None:
        self.paths = list(dict.fromkeys([*policies, sft]))
        self.policies, self.sft, self.read_anew, self.read = policies, sft, read, cache(read)
        self.model = read(self.paths[0])
        self.adapters = list(self.model.peft_config)
        for number, path in enumerate(self.paths[1:], 1):
            self.adapters.append(f"policy_{number}")
            self.model.load_adapter(str(path), self.adapters[-1])

    def combinations(self, points: Iterable[Point]) -> Iterator[tuple[list[Point], Combined, dict[str, Combined]]]:
        """Points of the same policies together, with the models that their KL is measured to, by the KL's column."""
        for group in together(points):
            of_sft = self._coefficients([self.sft], [1.0])
            references: dict[str, Combined] = {"kl": Sweep(self.model, self.adapters, [of_sft])}
            if group[0].anchor is not None:
                of_anchors = [self._coefficients(self.policies, point.anchor) for point in group]
                references["kl_to_anchor"] = Sweep(self.model, self.adapters, of_anchors)
            yield group, self._combined(group), references

    def _combined(self, group: Sequence[Point]) -> Combined:
        if is_linear_in_adapters(group[0]):
            return Sweep(self.model, self.adapters, [self._of_point(point) for point in group])
        [point] = group
        present = point.present(self.policies)
        if point.merge == LOGITS:
            return One([self.read(path) for path in present], list(present.values()))
        model, changes = self._dense
        start, *policies = (self._changes(path) for path in [self.sft, *present])
        merged = merge_named(point.merge)(start, policies, list(present.values()))
        for name, change in merged.items():
            changes[name].copy_(change)
        return One([model])

    def _of_point(self, point: Point) -> Coefficients:
        merge, present = merge_named(point.merge), point.present(self.policies)
        paths, weights = list(present), list(present.values())
        if isinstance(merge, LinearMerge):
            return self._coefficients(merge.models(self.sft, paths), merge.coefficients(weights))
        assert isinstance(merge, GeometricMerge)
        found = {
            place: torch.tensor(self._coefficients([self.sft, *paths], [1 - sum(of_unit), *of_unit]))
            for place, c in merge.coefficients(self._products(merge, tuple(paths)), weights).items()
            for of_unit in [c.tolist()]
        }
        return {name: found[unit_of(name, merge.unit)] for name in lora_layers(self.model)}

    @cache  # noqa: B019 (an object of this class lives as long as its process)
    def _products(self, merge: GeometricMerge, policies: tuple[Path, ...]) -> dict[str, Tensor]:
        return merge.products(pieces([self.sft, *policies]))

    def _coefficients(self, paths: Sequence[Path], of_paths: Sequence[float]) -> list[float]:
        found = dict.fromkeys(self.paths, 0.0)
        for path, coefficient in zip(paths, of_paths, strict=True):
            found[path] += coefficient
        return list(found.values())

    @cached_property
    def _dense(self) -> tuple[PreTrainedModel, Weights]:
        """A model to merge into, and what is added to its base model's weights, to be written to."""
        return with_dense_deltas(self.read_anew(self.sft))

    @cache  # noqa: B019
    def _changes(self, policy: Path) -> Weights:
        return {name: change.cpu() for name, change in deltas(self.read(policy)).items()}


def is_linear_in_adapters(point: Point) -> bool:
    """Whether adapters multiplied by coefficients are the point."""
    return point.merge != LOGITS and not isinstance(merge_named(point.merge), TensorMerge)


def together(points: Iterable[Point]) -> list[list[Point]]:
    """Points that are run in one batch: of the policies of the first or some of them, all with an anchor or none."""
    groups: list[tuple[set[int], list[Point]]] = []
    for point in sorted(points, key=lambda point: -sum(map(bool, point.weights))):
        policies = {i for i, weight in enumerate(point.weights) if weight}
        for others, group in groups:
            same_kind = (point.anchor is None) == (group[0].anchor is None)
            in_one_batch = is_linear_in_adapters(point) and is_linear_in_adapters(group[0])
            if same_kind and in_one_batch and policies <= others:
                group.append(point)
                break
        else:
            groups.append((policies, [point]))
    return [group for _, group in groups]
