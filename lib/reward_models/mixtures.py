"""Preferences over rewards: Σᵢ wᵢ Rᵢ with w on the simplex, and their one spelling in names and paths."""

import itertools
import math
import re
from collections.abc import Mapping, Sequence

NAME = r"[a-z][a-z0-9_]*"
WEIGHT = r"(?:0\.\d+|1)"
MIXTURE = rf"{NAME}(?:={WEIGHT}(?:\+{NAME}={WEIGHT})*)?"


def mixture_name(weights: Mapping[str, float]) -> str:
    """`a=0.25+b=0.75`, in alphabetical order; what has the weight 0 is left out, and all weight on one is its name."""
    present = sorted((name, weight) for name, weight in weights.items() if weight > 0)
    if len(present) == 1:
        return present[0][0]
    return "+".join(f"{name}={f'{weight:.6f}'.rstrip('0')}" for name, weight in present)


def mixture_weights(name: str) -> dict[str, float]:
    """The inverse of `mixture_name`.

    Raises ValueError where the name is no mixture, its weights do not sum to 1, or it has another spelling.
    """
    if not re.fullmatch(MIXTURE, name):
        raise ValueError(f"{name!r} is no mixture of rewards: expected `reward` or `reward=0.25+reward=0.75`")
    parts = [part.partition("=") for part in name.split("+")]
    weights = {reward: float(weight or 1) for reward, _, weight in parts}
    total = sum(weights.values())
    if len(weights) != len(parts) or not math.isclose(total, 1, abs_tol=1e-4):
        raise ValueError(f"{name!r}: a mixture is of different rewards, with weights that sum to 1")
    weights = {reward: weight / total for reward, weight in weights.items()}
    if mixture_name(weights) != name:
        raise ValueError(f"the mixture {name!r} is spelt {mixture_name(weights)!r}")
    return weights


def simplex(names: Sequence[str], divisions: int) -> list[dict[str, float]]:
    """All weights of the names that are multiples of 1/divisions and sum to 1, corners included."""
    counts = itertools.product(range(divisions + 1), repeat=len(names))
    return [dict(zip(names, (n / divisions for n in c))) for c in counts if sum(c) == divisions]


def between(names: Sequence[str], weights: Sequence[float]) -> list[str]:
    """The mixtures of two rewards in which the first has these weights, by name."""
    first, second = names
    return [mixture_name({first: weight, second: 1 - weight}) for weight in weights]
