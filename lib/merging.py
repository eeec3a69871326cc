"""Averages of policies in weight space.

A policy is a dictionary of named tensors. All arithmetic is in float32, whatever the
tensors' own type, and no argument is ever changed: a task vector is three orders of
magnitude smaller than the weights it is added to, which bfloat16 cannot carry.
"""

import math
import re
from collections.abc import Sequence

import torch

from lib.weights import Weights

BLOCK = re.compile(r"\.(?:layers|h|blocks)\.\d+(?=\.)")
NO_TURN = 1e-6  # radians from 0 or 180°, where sin Ω is lost in rounding


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
    return {
        name: torch.stack([λ * policy[name].float() for λ, policy in zip(weights, policies)]).sum(0)
        for name in policies[0]
    }


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


def angles(first: Weights, second: Weights) -> dict[str, float]:
    """Ω of each layer between two task vectors: cos Ω = δ₁·δ₂ / (|δ₁| |δ₂|), in radians (WARP's SLERP).

    Where both are zero the angle is 0: nothing is there to turn.
    Raises ValueError for a layer in which one alone is zero: it has no direction.
    """
    result = {}
    for layer, names in _by_layer(first).items():
        lengths = [norm(vector, names) for vector in (first, second)]
        if min(lengths) == 0 < max(lengths):
            raise ValueError(f"layer {layer}: one task vector is zero, so that no angle is between the two")
        product = sum(float((first[name].double() * second[name].double()).sum()) for name in names)
        result[layer] = math.acos(max(-1.0, min(1.0, product / (lengths[0] * lengths[1])))) if lengths[0] else 0.0
    return result


def norms(vector: Weights) -> dict[str, float]:
    """|δ| of each layer of a task vector."""
    return {layer: norm(vector, names) for layer, names in _by_layer(vector).items()}


def norm(vector: Weights, names: Sequence[str]) -> float:
    """|δ| over the tensors of these names, summed in float64."""
    return math.sqrt(sum(float((vector[name].double() ** 2).sum()) for name in names))


def slerp(start: Weights, first: Weights, second: Weights, weight: float) -> Weights:
    """θ_start + sin((1−λ)Ω)/sin Ω · δ₁ + sin(λΩ)/sin Ω · δ₂, with one Ω per layer (WARP's SLERP).

    start, first, second: policies of the same names and shapes; λ is the `weight` of the second.
    At Ω = 0 it is the formula's limit, linear interpolation. Norms need not be equal.
    Raises ValueError at Ω = 180°, where the limit does not exist, and where a task vector is zero.
    """
    deltas = [task_vector(policy, start) for policy in (first, second)]
    turns = {layer: slerp_weights(angle, weight, layer) for layer, angle in angles(*deltas).items()}
    return {
        name: start[name].float()
        + turns[layer_of(name)][0] * deltas[0][name]
        + turns[layer_of(name)][1] * deltas[1][name]
        for name in start
    }


def slerp_weights(angle: float, weight: float, layer: str) -> tuple[float, float]:
    """The factors of the two task vectors of a layer at the angle Ω."""
    if math.pi - angle < NO_TURN:
        raise ValueError(f"layer {layer}: the task vectors point in opposite directions, and SLERP has no path")
    if angle < NO_TURN:
        return 1 - weight, weight
    return math.sin((1 - weight) * angle) / math.sin(angle), math.sin(weight * angle) / math.sin(angle)


def slerp_all(start: Weights, policies: Sequence[Weights]) -> Weights:
    """SLERP of M ≥ 1 policies, one after the other: slerp(that of the first M − 1, θ_M, λ = 1/M) (WARP, M > 2)."""
    merged = policies[0]
    for count, policy in enumerate(policies[1:], 2):
        merged = slerp(start, merged, policy, 1 / count)
    return merged


def liti(start: Weights, merged: Weights, eta: float) -> Weights:
    """(1 − η) θ_start + η θ_merged: back towards the start by linear interpolation (WARP's LITI)."""
    return linear_soup([start, merged], [1 - eta, eta])


def _by_layer(vector: Weights) -> dict[str, list[str]]:
    layers: dict[str, list[str]] = {}
    for name in vector:
        layers.setdefault(layer_of(name), []).append(name)
    return layers


def _require_same_shapes(policies: Sequence[Weights]) -> None:
    shapes = [{name: tuple(tensor.shape) for name, tensor in policy.items()} for policy in policies]
    for other in shapes[1:]:
        if other != shapes[0]:
            name = sorted(set(other.items()) ^ set(shapes[0].items()))[0][0]
            raise ValueError(f"the policies differ in the tensor {name}: only one architecture can be merged")
