"""Mixtures of rewards: Σᵢ wᵢ Rᵢ with w on the simplex, and their canonical names in tables and paths."""

import itertools
import math
import re
from collections.abc import Mapping, Sequence

NAME = r"[a-z][a-z0-9_]*"
WEIGHT = r"(?:0\.\d+|1)"
MIXTURE = rf"{NAME}(?:={WEIGHT}(?:\+{NAME}={WEIGHT})*)?"


def mixture_name(weights: Mapping[str, float]) -> str:
    """`a=0.25+b=0.75`, in alphabetical order and without zero weights; for a single reward its name alone."""
    present = sorted((name, weight) for name, weight in weights.items() if weight > 0)
    if len(present) == 1:
        return present[0][0]
    return "+".join(f"{name}={f'{weight:.6f}'.rstrip('0')}" for name, weight in present)


def mixture_weights(name: str) -> dict[str, float]:
    """The inverse of `mixture_name`.

    Raises ValueError if the name is no mixture, its weights do not sum to 1, or it is not canonical.
    """
    if not re.fullmatch(MIXTURE, name):
        raise ValueError(f"{name!r} is no mixture of rewards: expected `reward` or `reward=0.25+reward=0.75`")
    parts = [part.partition("=") for part in name.split("+")]
    weights = {reward: float(weight or 1) for reward, _, weight in parts}
    total = sum(weights.values())
    if len(weights) != len(parts) or not math.isclose(total, 1, abs_tol=1e-4):
        raise ValueError(f"{name!r}: a mixture has different rewards, with weights that sum to 1")
    if mixture_name(weights) != name:  # six sixths, written with six digits, are not quite 1
        raise ValueError(f"the mixture {name!r} must be written {mixture_name(weights)!r}")
    return {reward: weight / total for reward, weight in weights.items()}


def canonical(text: str) -> str:
    """The name of a mixture that a person wrote, in any order and with spaces: `b = .5 + a = 0.50` is `a=0.5+b=0.5`.

    Raises ValueError if it is no mixture, or its weights do not sum to 1.
    """
    parts = [[side.strip() for side in part.split("=", 1)] for part in text.split("+")]
    try:
        weights = {name: float(*weight or "1") for name, *weight in parts}
        valid = len(weights) == len(parts) and min(weights.values()) >= 0 and all(weights)
    except (ValueError, TypeError):
        valid = False
    if not valid or not math.isclose(sum(weights.values()), 1, abs_tol=1e-4):
        raise ValueError(f"{text!r} is no mixture: expected `a` or `a=0.25+b=0.75`, with weights that sum to 1")
    return mixture_name(weights)


def simplex(names: Sequence[str], divisions: int) -> list[dict[str, float]]:
    """All points of the simplex over `names` whose weights are multiples of 1/divisions, corners included."""
    counts = itertools.product(range(divisions + 1), repeat=len(names))
    return [dict(zip(names, (n / divisions for n in c))) for c in counts if sum(c) == divisions]


def between(names: Sequence[str], weights: Sequence[float]) -> list[str]:
    """The names of the mixtures of two rewards in which the first has these weights."""
    first, second = names
    return [mixture_name({first: weight, second: 1 - weight}) for weight in weights]
