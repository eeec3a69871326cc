"""Combinations of LoRA policies of one base model, many in one batch.

The policies are run as they are: what an adapter adds is multiplied by its weight in the combination that a text of the
batch belongs to, and no merged model is made.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import torch
from peft import PeftModel
from torch import Tensor

from lib.merging import inner_products, layer_of, slerp_coefficients, task_vector
from lib.models.lora_in_memory import lora_layers
from lib.models.streaming import pieces
from lib.policies.combinations import Combined, Mixed, One, Point

Coefficients = Sequence[float] | Mapping[str, Tensor]
"""What each adapter is multiplied by, (adapters,): everywhere, or by layer (`lib.merging.layer_of`)."""


class Sweep:
    """Linear combinations of the adapters of one model. adapters: their names; coefficients: of each combination."""

    def __init__(self, model: PeftModel, adapters: Sequence[str], coefficients: Sequence[Coefficients]) -> None:
        self.model, self.adapters, self.coefficients = model, adapters, coefficients
        self.count = len(coefficients)

    @contextmanager
    def together(self, numbers: Sequence[int], rows: int) -> Iterator[Mixed]:
        with scaled(self.model, self.adapters, [self.coefficients[number] for number in numbers], rows):
            yield [self.model], [1.0]

    @contextmanager
    def alone(self, number: int) -> Iterator[Mixed]:
        with scaled(self.model, self.adapters, [self.coefficients[number]], 1):
            yield [self.model], [1.0]


@contextmanager
def scaled(
    model: PeftModel, adapters: Sequence[str], coefficients: Sequence[Coefficients], rows: int
) -> Iterator[None]:
    """Meanwhile the model is W + Σᵢ cᵢ Bᵢ Aᵢ, with c of the first combination for the first `rows` texts of a batch,
    then that of the next, and so on.

    For one combination a batch may be of any size. The adapters' own scale is 1
    (`lib.models.lora_on_disk.write_factors`).
    """
    layers = lora_layers(model)
    device = model.device
    by_layer = {
        layer: torch.stack([_of_layer(of_one, layer) for of_one in coefficients])
        for layer in set(map(layer_of, layers))
    }
    used = [name for i, name in enumerate(adapters) if any(found[:, i].any() for found in by_layer.values())]
    model.base_model.set_adapter(used, inference_mode=True)
    before = [dict(layer.scaling) for layer in layers.values()]
    try:
        for weight, layer in layers.items():
            for i, name in enumerate(adapters):
                column = by_layer[layer_of(weight)][:, i]
                alone = len(column) == 1
                layer.scaling[name] = (
                    column.item() if alone else column.repeat_interleave(rows).view(-1, 1, 1).to(device)
                )
        yield
    finally:
        for layer, scaling in zip(layers.values(), before):
            layer.scaling = scaling


def _of_layer(coefficients: Coefficients, layer: str) -> Tensor:
    return torch.as_tensor(coefficients[layer] if isinstance(coefficients, Mapping) else coefficients).float()


class LoraPolicies:
    """LoRA policies on one base model. read: makes a model of a directory."""

    def __init__(self, policies: Sequence[Path], reference: Path, read: Callable[[Path], PeftModel]) -> None:
        self.paths = list(dict.fromkeys([*policies, reference]))
        self.policies, self.read = policies, cache(read)
        self.reference = reference
        self.model = read(self.paths[0])
        self.adapters = list(self.model.peft_config)
        for number, path in enumerate(self.paths[1:], 1):
            self.adapters.append(f"policy_{number}")
            self.model.load_adapter(str(path), self.adapters[-1])

    def combinations(self, points: Iterable[Point]) -> Iterator[tuple[list[Point], Combined, dict[str, Combined]]]:
        """Points of the same policies together, with the references that their KL is told to, by name of the column."""
        for group in together(points):
            of_reference = [self._coefficients({self.reference: 1.0})] * len(group)
            references: dict[str, Combined] = {"kl": Sweep(self.model, self.adapters, of_reference)}
            if group[0].anchor is not None:
                of_anchors = [self._coefficients(dict(zip(self.policies, point.anchor))) for point in group]
                references["kl_to_anchor"] = Sweep(self.model, self.adapters, of_anchors)
            if group[0].of == "logits":
                [point] = group
                present = point.present(self.policies)
                yield group, One([self.read(path) for path in present], list(present.values())), references
            else:
                coefficients = [self._of_point(point) for point in group]
                yield group, Sweep(self.model, self.adapters, coefficients), references

    def _of_point(self, point: Point) -> Coefficients:
        present = point.present(self.policies)
        if point.of != "slerp":
            return self._coefficients(present)
        found = {}
        for layer, of_layer in slerp_coefficients(self._products(tuple(present)), list(present.values())[1:]).items():
            by_policy = dict(zip(present, of_layer.tolist()))
            found[layer] = self._coefficients(by_policy | {self.reference: 1 - sum(by_policy.values())})
        return {layer: torch.tensor(of_layer) for layer, of_layer in found.items()}

    @cache  # noqa: B019 (an object of this class lives as long as its process)
    def _products(self, policies: tuple[Path, ...]) -> dict[str, Tensor]:
        parts = pieces([self.reference, *policies])
        return inner_products([task_vector(policy, start) for policy in trained] for start, *trained in parts)

    def _coefficients(self, by_policy: Mapping[Path, float]) -> list[float]:
        return [by_policy.get(path, 0.0) for path in self.paths]


def together(points: Iterable[Point]) -> list[list[Point]]:
    """Points that are run in one batch: of the policies of the first or some of them, all with an anchor or none."""
    groups: list[tuple[set[int], list[Point]]] = []
    for point in sorted(points, key=lambda point: -sum(weight > 0 for weight in point.weights)):
        policies = {i for i, weight in enumerate(point.weights) if weight > 0}
        for others, group in groups:
            same_kind = (point.anchor is None) == (group[0].anchor is None)
            if same_kind and point.of != "logits" != group[0].of and policies <= others:
                group.append(point)
                break
        else:
            groups.append((policies, [point]))
    return [group for _, group in groups]
