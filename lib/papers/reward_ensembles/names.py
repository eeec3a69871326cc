"""Policies that are trained on proxies, by name: as rules ask and tables read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from lib.reward_models.proxies import AGGREGATES, Ensemble, ensemble


class Variant(NamedTuple):
    """A policy: what it is trained on, and β."""

    ensemble: Ensemble
    beta: float

    @classmethod
    def of(cls, listed: Sequence) -> "Variant":
        """From the lists that a job's settings have of it."""
        ensemble, beta = listed
        return cls(Ensemble(*ensemble), beta)

    @property
    def name(self) -> str:
        """As it stands in tables and figures."""
        return f"{self.ensemble.name}, β={self.beta:g}"


def variants_of(asked: Iterable[Mapping], flipped: float) -> list[Variant]:
    """The policies of some entries, each once. β has the six digits that names show."""
    return list(dict.fromkeys(Variant(ensemble(one, flipped), float(f"{one['beta']:g}")) for one in asked))


def aggregates_of(variants: Iterable[Variant]) -> list[Ensemble]:
    """The rewards that best-of-n is computed for: each proxy of some policies, with each aggregate."""
    found = [
        of.ensemble._replace(aggregate=name)
        for of in variants
        for name in (AGGREGATES if of.ensemble.members > 1 else ["mean"])
    ]
    return list(dict.fromkeys(found))


def variant_point(of: Variant) -> tuple[str, str]:
    """A policy trained on an ensemble, as it is scored."""
    return "reward ensembles", of.name
