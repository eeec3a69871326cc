"""What a merge is: three kinds, by what has to be seen of the policies before their weights can be added.

All of them take N ≥ 1 policies θᵢ, the start θ_start that they were trained from, and weights λ on the simplex. Some
linear merges allow λ outside of it that sum to 1.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import torch
from torch import Tensor

from lib.merges.task_vectors import (
    Unit,
    Weights,
    add_task_vectors,
    in_each_unit,
    inner_products,
    require_affine,
    require_same_shapes,
    require_simplex,
    task_vector,
    weighted_sum,
)

Model = TypeVar("Model")
Step = Callable[[Sequence[Weights]], Weights]
"""Merges a part of all models: some of the tensors, or, where the unit allows it, some numbers of one tensor."""


@dataclass(frozen=True, kw_only=True)
class Merge(ABC):
    """One way to make a policy of several.

    formula and source: what it computes, and the paper that has it. unit: what has to be seen together.
    linear: whether the result is Σᵢ cᵢ θᵢ with c known before the policies are seen.
    from_start: whether θ_start is in the formula.
    keeps_ends: whether a policy that has all of λ is its own merge.
    """

    formula: str
    source: str
    unit: Unit
    from_start: bool = True
    keeps_ends: bool = False
    linear: ClassVar[bool] = False

    def __call__(self, start: Weights, policies: Sequence[Weights], weights: Sequence[float]) -> Weights:
        """The merge of whole models, in float32. Raises ValueError where models or weights do not fit."""
        models = self.models(start, policies)
        require_same_shapes(models)
        return self.step([models], weights)(models)

    def models(self, start: Model, policies: Sequence[Model]) -> list[Model]:
        """All that the merge reads, in the order that it wants them in."""
        return [start, *policies] if self.from_start else list(policies)

    @abstractmethod
    def step(self, parts: Iterable[Sequence[Weights]], weights: Sequence[float]) -> Step:
        """What merges the models part by part. parts: all parts of `models`, for a merge that has to see them first.

        Raises ValueError when λ is not on the simplex, and where the policies have no such merge.
        """


@dataclass(frozen=True, kw_only=True)
class LinearMerge(Merge):
    """Σᵢ cᵢ θᵢ over `models`. function: c from λ. negative: whether λ may be below 0 and above 1."""

    function: Callable[[Sequence[float]], Sequence[float]]
    unit: Unit = "number"
    negative: bool = False
    linear: ClassVar[bool] = True

    def coefficients(self, weights: Sequence[float]) -> Sequence[float]:
        """c of all `models`. Raises ValueError when λ is not on the simplex, or does not sum to 1."""
        (require_affine if self.negative else require_simplex)(weights)
        return self.function(weights)

    def step(self, parts: Iterable[Sequence[Weights]], weights: Sequence[float]) -> Step:
        coefficients = self.coefficients(weights)
        return lambda models: weighted_sum(models, coefficients)


@dataclass(frozen=True, kw_only=True)
class GeometricMerge(Merge):
    """θ_start + Σᵢ cᵢ δᵢ, with c of each unit from how its task vectors δᵢ lie to each other.

    function: c, (N,), from the inner products δᵢ·δⱼ of a unit, (N, N) in float64, and λ.
    """

    function: Callable[[Tensor, Sequence[float]], Tensor]
    unit: Unit = "layer"

    def products(self, parts: Iterable[Sequence[Weights]]) -> dict[str, Tensor]:
        """δᵢ·δⱼ of each unit, (N, N). parts: of θ_start and the policies."""
        return inner_products(
            ([task_vector(policy, start) for policy in policies] for start, *policies in parts), self.unit
        )

    def coefficients(self, products: Mapping[str, Tensor], weights: Sequence[float]) -> dict[str, Tensor]:
        """c of each unit, (N,) in float64. Raises ValueError, naming the unit, where the merge does not exist."""
        require_simplex(weights)
        return in_each_unit(products, lambda product: self.function(product, weights), self.unit)

    def step(self, parts: Iterable[Sequence[Weights]], weights: Sequence[float]) -> Step:
        require_simplex(weights)  # before all parts are read
        coefficients = self.coefficients(self.products(parts), weights)
        return lambda models: add_task_vectors(models[0], models[1:], coefficients, self.unit)


@dataclass(frozen=True, kw_only=True)
class TensorMerge(Merge):
    """θ_start + δ, with δ of each tensor from the task vectors' numbers in it.

    function: δ from the task vectors of one tensor, (N, …) in float32, λ and the tensor's name. It gives zeros for
    zeros: a LoRA policy has them in each weight that it does not change.
    """

    function: Callable[[Tensor, Sequence[float], str], Tensor]
    unit: Unit = "tensor"

    def step(self, parts: Iterable[Sequence[Weights]], weights: Sequence[float]) -> Step:
        require_simplex(weights)

        def merged(models: Sequence[Weights]) -> Weights:
            start, *policies = models
            return {name: self._tensor(name, start[name], [each[name] for each in policies], weights) for name in start}

        return merged

    def _tensor(self, name: str, start: Tensor, policies: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
        origin = start.float()
        deltas = torch.stack([policy.float() - origin for policy in policies])
        if not deltas.isfinite().all():
            raise ValueError(f"tensor {name} has numbers that are not finite: a policy has diverged")
        delta = self.function(deltas, weights, name)
        if delta.shape != origin.shape:
            raise ValueError(f"tensor {name}: the merge has the shape {tuple(delta.shape)}, not {tuple(origin.shape)}")
        return origin + delta
