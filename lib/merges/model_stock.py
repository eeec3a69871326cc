"""Model stock (arXiv 2403.19522): the mean of the policies, moved towards the start by how far they disagree."""

import math
from collections.abc import Sequence
from itertools import combinations
from statistics import mean

import torch
from torch import Tensor

from lib.merges.task_vectors import angle

NO_MEAN = 1e-6  # a denominator as near to 0 is rounding


def model_stock(product: Tensor, weights: Sequence[float]) -> Tensor:
    """c, (N,), of one tensor: t/N each, t = N cos Ω / (1 + (N − 1) cos Ω), with cos Ω the mean over pairs.

    product: inner products of the task vectors, (N, N). The paper derives t for one angle that all pairs have; the mean
    of cosines is mergekit's. Its "layer" is a tensor of weights.
    Raises ValueError where λ are not equal, for one policy alone, and where the task vectors' directions add up to
    nothing.
    """
    count = len(weights)
    if count < 2 or max(weights) - min(weights) > 1e-6:
        raise ValueError(f"model_stock is of two policies or more at equal weights, not {list(weights)}")
    cosine = mean(math.cos(angle(product, *pair)) for pair in combinations(torch.eye(count, dtype=torch.float64), 2))
    below = 1 + (count - 1) * cosine
    if below < NO_MEAN:
        raise ValueError("the task vectors' directions add up to nothing, and model_stock has no mean to go towards")
    return torch.full((count,), cosine / below, dtype=torch.float64)
