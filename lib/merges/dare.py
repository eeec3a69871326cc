"""DARE (arXiv 2311.03099): numbers of the task vectors dropped at random, the others made larger, then their soup."""

import zlib
from collections.abc import Sequence

import torch
from torch import Tensor

DROPPED = 0.9  # the paper's p: 90 % of the numbers can go, as long as they are within 0.002


def dare(deltas: Tensor, weights: Sequence[float], name: str, dropped: float = DROPPED, seed: int = 0) -> Tensor:
    """Σᵢ λᵢ mᵢ ⊙ δᵢ / (1 − p), mᵢ = 0 with probability p, of one tensor's task vectors, (N, …).

    The random numbers are those of the tensor's name: what is dropped depends neither on the order of tensors nor on
    where the policies come from.
    """
    generator = torch.Generator().manual_seed(zlib.crc32(f"{seed} {name}".encode()))
    merged = torch.zeros_like(deltas[0])
    for weight, delta in zip(weights, deltas, strict=True):
        stays = torch.rand(delta.shape, generator=generator) >= dropped
        merged.add_(torch.where(stays, delta, 0.0), alpha=weight / (1 - dropped))
    return merged
