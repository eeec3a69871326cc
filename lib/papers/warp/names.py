"""WARP's points by method and name, for rules and tables."""

from collections.abc import Mapping


def liti_point(policies: int, iteration: int, eta: float) -> tuple[str, str]:
    """(1 − η) θ_sft + η θ_slerp of an iteration with M policies."""
    return "liti", f"M={policies} iteration={iteration} η={eta:g}"


def variation_name(varied: Mapping[str, float]) -> str:
    """An entry of `warp.variations`, such as {"mu": 0.05}, as mu=0.05."""
    [(key, value)] = varied.items()
    return f"{key}={value:g}"


def variation_point(variation: str, iteration: int, eta: float) -> tuple[str, str]:
    """(1 − η) θ_sft + η θ_slerp of an iteration of the run with another η, μ or β, by its `variation_name`."""
    return "variation", f"{variation} iteration={iteration} η={eta:g}"


def fixed_point(beta: float, eta: float) -> tuple[str, str]:
    """(1 − η) θ_sft + η θ of a policy with the anchor fixed at θ_sft."""
    return "fixed", f"β={beta:g} η={eta:g}"


def moving_point(eta: float) -> tuple[str, str]:
    """(1 − η) θ_sft + η θ of a policy with the moving anchor, trained for as many steps as those with a fixed one."""
    return "moving", f"η={eta:g}"


def average_point(kind: str, eta: float) -> tuple[str, str]:
    """(1 − η) θ_sft + η θ̄ of an average of one training: the `moving` one, or that of its `checkpoints`."""
    return "average", f"{kind} η={eta:g}"


def training_name(iteration: int, number: int) -> str:
    """A policy of an iteration of the largest M, in tables of trainings."""
    return f"iteration {iteration}, policy {number}"


def between_point(method: str, weight: float) -> tuple[str, str]:
    """Two policies of the first iteration merged by `slerp` or `lerp`, at the weight λ of the second."""
    return method, f"λ={weight:g}"
