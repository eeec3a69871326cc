"""Angles between task vectors (WARP, claim W-2)."""

import math
from collections.abc import Mapping
from itertools import combinations

import torch
from torch import Tensor

from lib.merges.task_vectors import angle, norm


def geometry(products: Mapping[str, Tensor]) -> list[dict[str, str | float]]:
    """For each layer and pair of policies: the angle between their task vectors in degrees, the vectors' norms, and the
    cosine between the whole weights. With one policy there is its norm alone. Layers that a policy did not change are
    left out, as a zero vector has no angle.

    products: `lib.merges.task_vectors.inner_products` of 1 + M vectors, θ_start and the M task vectors.
    """
    rows = []
    for layer, gram in products.items():
        start, *deltas = torch.eye(len(gram), dtype=torch.float64)
        if not all(norm(gram, delta) for delta in deltas):
            continue
        if len(deltas) == 1:
            rows.append({"layer": layer, "norm": norm(gram, deltas[0])})
        for (i, first), (j, second) in combinations(enumerate(deltas, 1), 2):
            rows.append(
                {
                    "layer": layer,
                    "first": i,
                    "second": j,
                    "degrees": math.degrees(angle(gram, first, second)),
                    "norm_first": norm(gram, first),
                    "norm_second": norm(gram, second),
                    "cosine_of_weights": math.cos(angle(gram, start + first, start + second)),
                }
            )
    return rows
