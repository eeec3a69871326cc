"""The variants that are compared: plain, three that change one thing each, and all three changes together."""

from collections.abc import Sequence
from typing import NamedTuple

from lib.papers.paths import PointName

START = ("sft", "sft/1")
"""θ_sft1 in the scores."""


class Way(NamedTuple):
    """How a policy is trained. moving: its anchor follows it. soup: it and its anchor start at the soup of the SFT
    pair, otherwise at θ_sft1.
    """

    moving: bool
    soup: bool


PLAIN_WAY = "plain"  # that of the policies that all papers share
WAYS = {
    PLAIN_WAY: Way(moving=False, soup=False),
    "moving_anchor": Way(moving=True, soup=False),
    "soup_as_start": Way(moving=False, soup=True),
    "both": Way(moving=True, soup=True),
}


class Variant(NamedTuple):
    """Two experts. way: how they are trained, of `WAYS`. first: the reward of the first, a key of `together.first`."""

    name: str
    way: str
    first: str


PLAIN, TOGETHER = "plain", "together"
VARIANTS = [
    Variant(PLAIN, PLAIN_WAY, "plain"),
    Variant("moving anchor", "moving_anchor", "plain"),
    Variant("soup as start", "soup_as_start", "plain"),
    Variant("pessimistic reward", PLAIN_WAY, "pessimistic"),
    Variant(TOGETHER, "both", "pessimistic"),
]
NAMES = [variant.name for variant in VARIANTS]


def soup_point(variant: str, weight: float) -> PointName:
    """Method and name of a variant's soup in the scores. weight: λ of the first expert."""
    return variant, f"λ={weight:g}"


def inner(weights: Sequence[float]) -> list[float]:
    """The weights λ of soups of two experts, in order, without the experts themselves."""
    return [weight for weight in sorted(weights) if 0 < weight < 1]


def middle(weights: Sequence[float]) -> float:
    """The λ nearest to ½, of which samples and the figure along KL are."""
    return min(inner(weights), key=lambda weight: abs(weight - 0.5))
