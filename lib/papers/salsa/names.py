"""Names of SALSA's policies and of the points that are scored, for rules and tables."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lib.reward_models.mixtures import mixture_name

CORNERS = ["sft1", "sft2", "policy"]
START = ("sft", "sft/1")
"""θ_sft1 in the scores."""


class Variant(NamedTuple):
    """A policy: where it starts, `sft` (θ_sft1) or `soup` (its reference); α of the reference; β."""

    start: str
    alpha: float
    beta: float

    @property
    def name(self) -> str:
        """The policy's name in tables and figures."""
        return f"α={self.alpha:g} β={self.beta:g}" + (", from the soup" if self.start == "soup" else "")


Pair = tuple[Variant, Variant]


def variants_of(pairs: Iterable[Pair]) -> list[Variant]:
    """The policies of some pairs, each once, in order."""
    return list(dict.fromkeys(variant for pair in pairs for variant in pair))


def read_variant(entry: Mapping) -> Variant:
    """From an entry of params.yaml, whose start is θ_sft1 by default.

    With α = 1 the reference is θ_sft1, and so is the start. Numbers are rounded to the six digits that names show.
    """
    alpha, beta = (float(f"{entry[key]:g}") for key in ("alpha", "beta"))
    return Variant("sft" if alpha == 1 else entry.get("start", "sft"), alpha, beta)


def variant_point(variant: Variant) -> tuple[str, str]:
    """Method and name of a policy in the scores."""
    return "salsa", variant.name


def wins_point(pair: Pair) -> tuple[str, str]:
    """Method and name of a pair of policies, for how often the first one's completions are preferred."""
    first, second = pair
    return "wins", f"{first.name} against {second.name}"


def plane_point(weights: Mapping[str, float]) -> tuple[str, str]:
    """Method and name of a soup of the corners θ_sft1, θ_sft2 and a policy, by their weights."""
    return "plane", mixture_name(weights)


def segment_point(alpha: float) -> tuple[str, str]:
    """Method and name of α θ_sft1 + (1 − α) θ_sft2."""
    return plane_point({"sft1": alpha, "sft2": 1 - alpha})
