"""Averages of policies in weight space.

A policy is a dictionary of named tensors. Weights are added in float32, whatever the
tensors' own type, and no argument is ever changed: a task vector is three orders of
magnitude smaller than the weights it is added to, which bfloat16 cannot carry.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

Weights = dict[str, Tensor]

BLOCK = re.compile(r"(?:^|\.)(?:layers?|h|blocks?)\.\d+(?=\.)")
RUN = 1024  # numbers that are summed in float32
NO_TURN = 1e-3  # radians from 0 or 180°: nearer, cos Ω is ±1 but for rounding


def linear_soup(policies: Sequence[Weights], weights: Sequence[float]) -> Weights:
    """The rewarded soup θ(λ) = Σᵢ λᵢ θᵢ, λ on the simplex (Rewarded Soups, section 2).

    policies: N policies with the same names and shapes.
    weights: the N coefficients λᵢ ≥ 0, which sum to 1.
    Returns float32 tensors of the policies' shapes.
    Raises ValueError when λ is not on the simplex or the policies do not match.
    """
    if len(policies) != len(weights) or not policies:
        raise ValueError(f"{len(policies)} policies but {len(weights)} weights")
    if min(weights) < 0 or abs(sum(weights) - 1) > 1e-6:
        raise ValueError(f"weights must be at least 0 and sum to 1, not {list(weights)}")
    _require_same_shapes(policies)
    return {name: sum(λ * policy[name].float() for λ, policy in zip(weights, policies)) for name in policies[0]}


def task_vector(policy: Weights, start: Weights) -> Weights:
    """δ = θ − θ_start, in float32 (WARP)."""
    _require_same_shapes([policy, start])
    return {name: policy[name].float() - start[name].float() for name in start}


def layer_of(name: str) -> str:
    """The unit that SLERP has one angle for, by the name of a tensor in it.

    WARP's unit is the layer: all tensors of one transformer block, `model.layers.0`. A tensor
    outside the blocks, such as the embedding or the final norm, is a layer of its own.
    """
    found = BLOCK.search(name)
    return name[: found.end()] if found else name


def inner_products(pieces: Iterable[Sequence[Weights]]) -> dict[str, Tensor]:
    """vᵢ·vⱼ of each layer, (N, N) in float64: all that norms, angles and SLERP depend on.

    pieces: N vectors with the same names and shapes; all of them at once, or a part of each at a time
    (`lib.models.streaming.pieces`), whose products are added up.
    Raises ValueError where a product is not a finite number: a policy has diverged.
    """
    products: dict[str, Tensor] = {}
    for vectors in pieces:
        for name in vectors[0]:
            flat = torch.stack([vector[name].flatten() for vector in vectors])
            layer = layer_of(name)
            products[layer] = products.get(layer, 0) + _gram(flat)
    for layer, product in products.items():
        if not product.isfinite().all():
            raise ValueError(f"layer {layer} has numbers that are not finite: a policy has diverged")
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


def slerp_coefficients(products: Mapping[str, Tensor], weights: Sequence[float]) -> dict[str, Tensor]:
    """c of each layer, (M,), with δ_slerp = Σᵢ cᵢ δᵢ.

    products: `inner_products` of the task vectors. At Ω = 0 it is the formula's limit, linear interpolation;
    norms need not be equal.
    Raises ValueError at Ω = 180°, where the limit does not exist, and where one task vector alone is zero.
    """
    found = {}
    for layer, product in products.items():
        units = torch.eye(len(product), dtype=torch.float64)
        merged = units[0]
        try:
            for unit, weight in zip(units[1:], weights, strict=True):
                of_merged, of_unit = slerp_factors(angle(product, merged, unit), weight)
                merged = of_merged * merged + of_unit * unit
        except ValueError as error:
            raise ValueError(f"layer {layer}: {error}") from None
        found[layer] = merged
    return found


def slerp_factors(angle: float, weight: float) -> tuple[float, float]:
    """sin((1−λ)Ω)/sin Ω and sin(λΩ)/sin Ω."""
    if math.pi - angle < NO_TURN:
        raise ValueError("the task vectors point in opposite directions, and SLERP has no path")
    if angle < NO_TURN:
        return 1 - weight, weight
    return math.sin((1 - weight) * angle) / math.sin(angle), math.sin(weight * angle) / math.sin(angle)


def add_task_vectors(start: Weights, policies: Sequence[Weights], coefficients: Mapping[str, Tensor]) -> Weights:
    """θ_start + Σᵢ cᵢ δᵢ, with coefficients c, (M,), for each layer."""
    result = {}
    for name, origin in start.items():
        result[name] = origin.float().clone()
        for c, policy in zip(coefficients[layer_of(name)].tolist(), policies, strict=True):
            result[name].add_(policy[name].float() - origin.float(), alpha=c)
    return result


def liti(start: Weights, merged: Weights, eta: float) -> Weights:
    """(1 − η) θ_start + η θ_merged: back towards the start by linear interpolation (WARP's LITI)."""
    return linear_soup([start, merged], [1 - eta, eta])


@torch.no_grad()
def ema(anchor: Mapping[str, Tensor], policy: Mapping[str, Tensor], mu: float) -> None:
    """θ_ema ← (1 − μ) θ_ema + μ θ, in place (WARP, algorithm 1).

    The anchor has to be float32: in bfloat16 the small steps are lost in rounding.
    """
    for name, tensor in anchor.items():
        tensor.mul_(1 - mu).add_(policy[name].to(tensor.dtype), alpha=mu)


def _gram(vectors: Tensor) -> Tensor:
    """vᵢ·vⱼ of float32 vectors (N, n), summed in float32 over runs of numbers and in float64 over the runs."""
    count, length = vectors.shape
    whole = length - length % RUN
    runs = vectors[:, :whole].reshape(count, whole // RUN, RUN).transpose(0, 1)
    rest = vectors[:, whole:].double()
    return (runs @ runs.transpose(1, 2)).double().sum(0) + rest @ rest.T


def _require_same_shapes(policies: Sequence[Weights]) -> None:
    shapes = [{name: tuple(tensor.shape) for name, tensor in policy.items()} for policy in policies]
    for other in shapes[1:]:
        if other != shapes[0]:
            name = sorted(set(other.items()) ^ set(shapes[0].items()))[0][0]
            raise ValueError(f"the policies differ in the tensor {name}: only one architecture can be merged")
