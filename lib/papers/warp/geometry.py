"""How task vectors lie to each other (WARP, claim W-2)."""

import math
from collections.abc import Mapping
from itertools import combinations

import torch
from torch import Tensor

from lib.merges.task_vectors import angle, norm


def geometry(products: Mapping[str, Tensor]) -> list[dict[str, str | float]]:
    """For each layer and pair of policies the angle between their task vectors in degrees and the norms,
    and the cosine between their whole weights. A policy alone has no angle, nor has a layer that a policy left alone.

    products: `lib.merges.task_vectors.inner_products` of 1 + M vectors, θ_start and the M task vectors.
    """
    rows = []
    for layer, of_layer in products.items():
        start, *deltas = torch.eye(len(of_layer), dtype=torch.float64)
        if not all(norm(of_layer, delta) for delta in deltas):
            continue
        if len(deltas) == 1:
            rows.append({"layer": layer, "norm": norm(of_layer, deltas[0])})
        for (i, first), (j, second) in combinations(enumerate(deltas, 1), 2):
            rows.append(
                {
                    "layer": layer,
                    "first": i,
                    "second": j,
                    "degrees": math.degrees(angle(of_layer, first, second)),
                    "norm_first": norm(of_layer, first),
                    "norm_second": norm(of_layer, second),
                    "cosine_of_weights": math.cos(angle(of_layer, start + first, start + second)),
                }
            )
    return rows
