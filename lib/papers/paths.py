"""The path from θ_sft to a point, (1 − η) θ_sft + η θ: what is scored, and how its points are named.

Policies are compared at equal KL on their paths (`lib.statistics.equal_kl`).
"""

from collections.abc import Sequence
from typing import Any

PointName = tuple[str, str]


def on_path(point: PointName, eta: float) -> PointName:
    """The name of a point between θ_sft and another, at η < 1 of the other."""
    method, name = point
    return f"{method} path", f"{name} η={eta:g}"


def path_to(point: PointName, start: PointName, etas: Sequence[float]) -> list[PointName]:
    """The points of a path: θ_sft, those between at the η of `evaluation.path`, and the point itself."""
    return [start, *(on_path(point, eta) for eta in etas), point]


def path_points(
    points: Sequence[dict[str, Any]], models: Sequence, start: Any, etas: Sequence[float]
) -> list[dict[str, Any]]:
    """The points between θ_sft and some points, as they are scored (`lib.graph.job_settings.point`).

    models: those that the points combine; start: the one of them that is θ_sft.
    """
    at_start = [float(model == start) for model in models]
    found = []
    for point in points:
        for eta in etas:
            method, name = on_path((point["method"], point["mixture"]), eta)
            weights = [(1 - eta) * alone + eta * weight for alone, weight in zip(at_start, point["weights"])]
            found.append(point | {"method": method, "mixture": name, "weights": weights})
    return found
