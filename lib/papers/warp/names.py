"""WARP's points by method and name, for rules and tables."""


def liti_point(policies: int, iteration: int, eta: float) -> tuple[str, str]:
    """(1 − η) θ_sft + η θ_slerp of an iteration with M policies."""
    return "liti", f"M={policies} iteration={iteration} η={eta:g}"


def between_point(method: str, weight: float) -> tuple[str, str]:
    """Two policies of the first iteration merged by `slerp` or `lerp`, at the weight λ of the second."""
    return method, f"λ={weight:g}"


def fixed_point(beta: float) -> tuple[str, str]:
    """A policy with the anchor fixed at θ_sft."""
    return "fixed", f"β={beta:g}"
