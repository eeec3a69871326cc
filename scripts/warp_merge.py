"""End one iteration of WARP: SLERP of its policies' task vectors, and the step back towards its start (LITI)."""

import csv
from pathlib import Path

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.merges.linear import liti
from lib.merges.slerp import equal_weights, slerp_coefficients
from lib.merges.task_vectors import Weights, add_task_vectors, inner_products, task_vector
from lib.models.streaming import merge, pieces
from lib.papers.warp.geometry import geometry


def end_iteration(start: Path, policies: list[Path], model: Output, end: Output, angles: Output, *, eta: float) -> None:
    """model: θ_slerp. end: (1 − η) θ_init + η θ_slerp. angles: a row per layer and pair of policies."""
    models = [start, *policies]
    products = inner_products(
        [origin, *(task_vector(policy, origin) for policy in trained)] for origin, *trained in pieces(models)
    )
    of_task_vectors = {layer: product[1:, 1:] for layer, product in products.items()}
    coefficients = slerp_coefficients(of_task_vectors, equal_weights(len(policies)))
    rows = geometry(products)
    with angles.open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)

    def combine(parts: list[Weights]) -> tuple[Weights, Weights]:
        origin, *trained = parts
        slerped = add_task_vectors(origin, trained, coefficients)
        return slerped, liti(origin, slerped, eta)

    merge(models, [model, end], combine)


if __name__ == "__main__":
    run(end_iteration)
