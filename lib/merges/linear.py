"""Averages of whole policies: the linear soup, LITI and the moving average."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lib.merges.task_vectors import Weights, require_same_shapes, require_simplex, weighted_sum

ETA = 0.3  # WARP's step towards the merge, which `warp.eta` of params.yaml is as well


def linear_soup(policies: Sequence[Weights], weights: Sequence[float]) -> Weights:
    """The rewarded soup θ(λ) = Σᵢ λᵢ θᵢ, λ on the simplex (Rewarded Soups, section 2).

    policies: N policies with the same names and shapes.
    weights: the N coefficients λᵢ ≥ 0, which sum to 1.
    Returns float32 tensors of the policies' shapes.
    Raises ValueError when λ is not on the simplex or the policies do not match.
    """
    if len(policies) != len(weights):
        raise ValueError(f"{len(policies)} policies but {len(weights)} weights")
    require_simplex(weights)
    require_same_shapes(policies)
    return weighted_sum(policies, weights)


def liti(start: Weights, merged: Weights, eta: float) -> Weights:
    """(1 − η) θ_start + η θ_merged: back towards the start by linear interpolation (WARP's LITI)."""
    return linear_soup([start, merged], [1 - eta, eta])


def liti_coefficients(weights: Sequence[float], eta: float = ETA) -> list[float]:
    """c of θ_start and of the N policies, whose linear soup is θ_merged."""
    return [1 - eta, *(eta * weight for weight in weights)]


@torch.no_grad()
def ema(anchor: Mapping[str, Tensor], policy: Mapping[str, Tensor], mu: float) -> None:
    """θ_ema ← (1 − μ) θ_ema + μ θ, in place (WARP, algorithm 1).

    The anchor has to be float32: in bfloat16 the small steps are lost in rounding.
    """
    for name, tensor in anchor.items():
        tensor.mul_(1 - mu).add_(policy[name].to(tensor.dtype), alpha=mu)
