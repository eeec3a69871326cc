"""What of WARP is scored, by method and name, as the rules ask for it and the tables read it."""

Point = tuple[str, str]


def liti_point(policies: int, iteration: int, eta: float) -> Point:
    """(1 − η) θ_sft + η θ_slerp of an iteration with M policies."""
    return "liti", f"M={policies} iteration={iteration} η={eta:g}"


def between_point(method: str, weight: float) -> Point:
    """Two policies of the first iteration merged by `slerp` or `lerp`, at the weight λ of the second."""
    return method, f"λ={weight:g}"


def fixed_point(beta: float) -> Point:
    """A policy with the anchor fixed at θ_sft."""
    return "fixed", f"β={beta:g}"
