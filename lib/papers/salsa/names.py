"""The policies of SALSA and what is scored of them, by name, as the rules ask for them and the tables read them."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lib.reward_models.mixtures import mixture_name

CORNERS = ["sft1", "sft2", "policy"]


class Variant(NamedTuple):
    """A policy: where it starts, `sft` (θ_sft1) or `soup` (its reference); α of the reference; β."""

    start: str
    alpha: float
    beta: float

    @property
    def name(self) -> str:
        """As it stands in tables and figures."""
        return f"α={self.alpha:g} β={self.beta:g}" + (", from the soup" if self.start == "soup" else "")


Pair = tuple[Variant, Variant]


def variants_of(pairs: Iterable[Pair]) -> list[Variant]:
    """The policies of some pairs, each once, as they come."""
    return list(dict.fromkeys(of for pair in pairs for of in pair))


def variant(asked: Mapping) -> Variant:
    """From an entry of params.yaml, where the start is θ_sft1 if nothing is said.

    With α = 1 the reference is θ_sft1, and so is the start. Numbers have the six digits that names show.
    """
    alpha, beta = (float(f"{asked[key]:g}") for key in ("alpha", "beta"))
    return Variant("sft" if alpha == 1 else asked.get("start", "sft"), alpha, beta)


def variant_point(of: Variant) -> tuple[str, str]:
    """A policy of SALSA."""
    return "salsa", of.name


def plane_point(weights: Mapping[str, float]) -> tuple[str, str]:
    """A soup of the corners θ_sft1, θ_sft2 and a policy, by weight."""
    return "plane", mixture_name(weights)


def segment_point(alpha: float) -> tuple[str, str]:
    """α θ_sft1 + (1 − α) θ_sft2."""
    return plane_point({"sft1": alpha, "sft2": 1 - alpha})
