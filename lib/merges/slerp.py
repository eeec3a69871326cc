"""SLERP of task vectors (WARP)."""

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate

import torch
from torch import Tensor

from lib.merges.task_vectors import Weights, add_task_vectors, angle, in_each_unit, inner_products, task_vector

NO_TURN = 1e-3  # radians from 0 or 180°: nearer, cos Ω is ±1 but for rounding


def slerp(start: Weights, policies: Sequence[Weights], weights: Sequence[float]) -> Weights:
    """θ_start + sin((1−λ)Ω)/sin Ω · δ₁ + sin(λΩ)/sin Ω · δ₂, with one Ω per layer (WARP's SLERP).

    start, policies: θ_start and M ≥ 1 policies with the same names and shapes.
    weights: M − 1 numbers; the first is λ of the second policy, the next the λ at which the third is merged
    with the merge of the first two, and so on. `equal_weights` has those of WARP.
    """
    products = inner_products([[task_vector(policy, start) for policy in policies]])
    return add_task_vectors(start, policies, slerp_coefficients(products, weights))


def equal_weights(count: int) -> list[float]:
    """1/2, 1/3, … 1/M: slerp of M is slerp(that of the first M − 1, θ_M, λ = 1/M) (WARP, M > 2)."""
    return [1 / number for number in range(2, count + 1)]


def simplex_coefficients(product: Tensor, weights: Sequence[float]) -> Tensor:
    """c, (M,), of one layer from λ on the simplex, (M,).

    `slerp` is given λ₂/(λ₁ + λ₂), λ₃/(λ₁ + λ₂ + λ₃) and so on, which are `equal_weights` where all λᵢ are equal.
    """
    shares = [weight / total if weight else 0.0 for weight, total in zip(weights, accumulate(weights))]
    return of_one_layer(product, shares[1:])


def slerp_coefficients(products: Mapping[str, Tensor], weights: Sequence[float]) -> dict[str, Tensor]:
    """c of each layer, (M,), with δ_slerp = Σᵢ cᵢ δᵢ.

    products: `inner_products` of the task vectors. At Ω = 0 it is the formula's limit, linear interpolation;
    norms need not be equal.
    Raises ValueError at Ω = 180°, where the limit does not exist, and where one task vector alone is zero.
    """
    return in_each_unit(products, lambda product: of_one_layer(product, weights))


def of_one_layer(product: Tensor, weights: Sequence[float]) -> Tensor:
    """c, (M,), from the inner products of one layer's task vectors, (M, M)."""
    units = torch.eye(len(product), dtype=torch.float64)
    merged = units[0]
    for unit, weight in zip(units[1:], weights, strict=True):
        of_merged, of_unit = slerp_factors(angle(product, merged, unit), weight)
        merged = of_merged * merged + of_unit * unit
    return merged


def slerp_factors(angle: float, weight: float) -> tuple[float, float]:
    """sin((1−λ)Ω)/sin Ω and sin(λΩ)/sin Ω."""
    if math.pi - angle < NO_TURN:
        raise ValueError("the task vectors point in opposite directions, and SLERP has no path")
    if angle < NO_TURN:
        return 1 - weight, weight
    return math.sin((1 - weight) * angle) / math.sin(angle), math.sin(weight * angle) / math.sin(angle)
