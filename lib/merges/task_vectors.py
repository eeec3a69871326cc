"""Policies as named tensors, their task vectors, and how these lie to each other: what merges are made of.

Weights are added in float32, whatever the tensors' own type, and no argument is ever changed: a task vector is three
orders of magnitude smaller than the weights it is added to, which bfloat16 cannot carry.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

Weights = dict[str, Tensor]
"""A policy."""

Unit = Literal["number", "tensor", "layer"]
"""What a merge has to see together: each number by itself, a whole tensor, or a layer (`layer_of`)."""

BLOCK = re.compile(r"(?:^|\.)(?:layers?|h|blocks?)\.\d+(?=\.)")
RUN = 1024  # numbers that are summed in float32


def task_vector(policy: Weights, start: Weights) -> Weights:
    """δ = θ − θ_start, in float32 (WARP)."""
    require_same_shapes([policy, start])
    return {name: policy[name].float() - start[name].float() for name in start}


def weighted_sum(policies: Sequence[Weights], coefficients: Sequence[float]) -> Weights:
    """Σᵢ cᵢ θᵢ, for any c, (N,)."""
    return {
        name: sum(c * policy[name].float() for c, policy in zip(coefficients, policies, strict=True))
        for name in policies[0]
    }


def layer_of(name: str) -> str:
    """The unit that SLERP has one angle for, by the name of a tensor in it.

    WARP's unit is the layer: all tensors of one transformer block, `model.layers.0`. A tensor
    outside the blocks, such as the embedding or the final norm, is a layer of its own.
    """
    found = BLOCK.search(name)
    return name[: found.end()] if found else name


def unit_of(name: str, unit: Unit) -> str:
    """The layer that a tensor is in, or the tensor itself."""
    return layer_of(name) if unit == "layer" else name


def inner_products(pieces: Iterable[Sequence[Weights]], unit: Unit = "layer") -> dict[str, Tensor]:
    """vᵢ·vⱼ of each layer or tensor, (N, N) in float64: all that norms, angles and SLERP depend on.

    pieces: N vectors with the same names and shapes; all of them at once, or a part of each at a time
    (`lib.models.streaming.pieces`), whose products are added up.
    Raises ValueError where a product is not a finite number: a policy has diverged.
    """
    products: dict[str, Tensor] = {}
    for vectors in pieces:
        for name in vectors[0]:
            flat = torch.stack([vector[name].flatten() for vector in vectors])
            place = unit_of(name, unit)
            products[place] = products.get(place, 0) + _gram(flat)
    for place, product in products.items():
        if not product.isfinite().all():
            raise ValueError(f"{unit} {place} has numbers that are not finite: a policy has diverged")
    return products


def norm(products: Tensor, vector: Tensor) -> float:
    """|v| in one layer, for v = Σᵢ cᵢ vᵢ given by its coefficients c, (N,)."""
    return math.sqrt(max(0.0, float(vector @ products @ vector)))


def angle(products: Tensor, first: Tensor, second: Tensor) -> float:
    """Ω in one layer: cos Ω = v·w / (|v| |w|), in radians (WARP's SLERP); v and w given by their coefficients.

    Where both are zero the angle is 0: nothing is there to turn.
    Raises ValueError where one alone is zero: it has no direction.
    """
    lengths = norm(products, first), norm(products, second)
    if min(lengths) == 0 < max(lengths):
        raise ValueError("one task vector is zero, so that no angle is between the two")
    if max(lengths) == 0:
        return 0.0
    return math.acos(max(-1.0, min(1.0, float(first @ products @ second) / lengths[0] / lengths[1])))


def in_each_unit(
    products: Mapping[str, Tensor], coefficients: Callable[[Tensor], Tensor], unit: Unit = "layer"
) -> dict[str, Tensor]:
    """c of each layer or tensor from its inner products. Raises ValueError, naming the unit, where there is no c."""
    found = {}
    for place, product in products.items():
        try:
            found[place] = coefficients(product)
        except ValueError as error:
            raise ValueError(f"{unit} {place}: {error}") from None
    return found


def add_task_vectors(
    start: Weights, policies: Sequence[Weights], coefficients: Mapping[str, Tensor], unit: Unit = "layer"
) -> Weights:
    """θ_start + Σᵢ cᵢ δᵢ, with coefficients c, (M,), for each layer or tensor."""
    result = {}
    for name, origin in start.items():
        result[name] = origin.float().clone()
        for c, policy in zip(coefficients[unit_of(name, unit)].tolist(), policies, strict=True):
            result[name].add_(policy[name].float() - origin.float(), alpha=c)
    return result


def require_simplex(weights: Sequence[float]) -> None:
    """Raises ValueError when λ is not on the simplex."""
    if not weights or min(weights) < 0 or abs(sum(weights) - 1) > 1e-6:
        raise ValueError(f"weights must be at least 0 and sum to 1, not {list(weights)}")


def require_affine(weights: Sequence[float]) -> None:
    """Raises ValueError when λ, some of which may be negative, do not sum to 1."""
    if abs(sum(weights) - 1) > 1e-6:
        raise ValueError(f"weights must sum to 1, not {list(weights)}")


def require_same_shapes(policies: Sequence[Weights]) -> None:
    """Raises ValueError, naming a tensor, when the policies are not of one architecture."""
    shapes = [{name: tuple(tensor.shape) for name, tensor in policy.items()} for policy in policies]
    for other in shapes[1:]:
        if other != shapes[0]:
            name = sorted(set(other.items()) ^ set(shapes[0].items()))[0][0]
            raise ValueError(f"the policies differ in the tensor {name}: only one architecture can be merged")


def _gram(vectors: Tensor) -> Tensor:
    """vᵢ·vⱼ of float32 vectors (N, n), summed in float32 over runs of numbers and in float64 over the runs."""
    count, length = vectors.shape
    whole = length - length % RUN
    runs = vectors[:, :whole].reshape(count, whole // RUN, RUN).transpose(0, 1)
    rest = vectors[:, whole:].double()
    return (runs @ runs.transpose(1, 2)).double().sum(0) + rest @ rest.T
