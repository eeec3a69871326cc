"""TIES (arXiv 2306.01708): task vectors trimmed, a sign elected for each number, and the mean of those that have it."""

from collections.abc import Sequence

import torch
from torch import Tensor

DENSITY = 0.2  # the paper's k = 20 % and scale of 1, its recipe where no validation set is there to choose them


def ties(deltas: Tensor, weights: Sequence[float], name: str, density: float = DENSITY) -> Tensor:
    """δ of one tensor from its task vectors, (N, …).

    With equal λ it is the paper's; λ weighs both the election and the mean, as in mergekit. Deviation: the largest
    numbers are those of each tensor, as in mergekit, where the paper takes them over all weights of a model, of which
    a merge in parts cannot see more than a tensor.
    """
    trimmed = torch.stack([trim(delta, density) for delta in deltas])
    λ = torch.tensor(weights, dtype=trimmed.dtype).view(-1, *[1] * (trimmed.dim() - 1))
    elected = (λ * trimmed).sum(0) >= 0
    agrees = λ * torch.where(elected, trimmed > 0, trimmed < 0)
    return (agrees * trimmed).sum(0) / agrees.sum(0).clamp(min=torch.finfo(agrees.dtype).tiny)


def trim(delta: Tensor, density: float) -> Tensor:
    """The task vector with 0 for all but its largest numbers, the given share of all, and their equals in size."""
    sizes = delta.abs().flatten()
    kept = max(1, int(density * len(sizes)))
    smallest = sizes.kthvalue(len(sizes) - kept + 1).values
    return torch.where(delta.abs() >= smallest, delta, 0.0)
