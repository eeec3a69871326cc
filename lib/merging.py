"""Averages of policies in weight space.

A policy is a dictionary of named tensors. All arithmetic is in float32, whatever the
tensors' own type, and no argument is ever changed: a task vector is three orders of
magnitude smaller than the weights it is added to, which bfloat16 cannot carry.
"""

from collections.abc import Sequence

import torch

from lib.weights import Weights


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


def _require_same_shapes(policies: Sequence[Weights]) -> None:
    shapes = [{name: tuple(tensor.shape) for name, tensor in policy.items()} for policy in policies]
    for other in shapes[1:]:
        if other != shapes[0]:
            name = sorted(set(other.items()) ^ set(shapes[0].items()))[0][0]
            raise ValueError(f"the policies differ in the tensor {name}: only one architecture can be merged")
