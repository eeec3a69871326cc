"""Proxies of Scalable Ensembling and the policies trained on them, by name: as rules ask and tables read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

AGGREGATES = {"mean": "mean", "worst_case": "worst case", "uncertainty_weighted": "mean − c·variance"}
KINDS = {"single": "model", "models": "models", "heads": "heads", "frozen_heads": "frozen heads"}
MEMBERS = 3  # K where nothing is said (Scalable Ensembling)


class Ensemble(NamedTuple):
    """A proxy and the aggregate of its members.

    kind: `single`, one model; `models`, K of them, which differ in their heads' first weights and the order of the
    data; `heads`, K on one encoder that is trained with them; `frozen_heads`, K on θ_pre as it is.
    flipped: the share of the labels that is wrong, where it is not that of all others, or None.
    bootstrap: each member weighs the pairs as often as a bootstrap sample has them.
    """

    kind: str
    members: int
    aggregate: str
    flipped: float | None
    bootstrap: bool

    @property
    def proxy(self) -> str:
        """The proxy's name in tables and figures, without the aggregate."""
        name = f"{self.members} {KINDS[self.kind]}"
        if self.bootstrap:
            name += ", bootstrap"
        return name if self.flipped is None else f"{name}, {self.flipped:g} flipped"

    @property
    def name(self) -> str:
        """The reward's name in tables and figures."""
        return self.proxy if self.members == 1 else f"{self.proxy}, {AGGREGATES[self.aggregate]}"

    @property
    def folder(self) -> str:
        """Its place in the results, but for the share of flipped labels."""
        return f"{self.kind}-{self.members}{'-bootstrap' * self.bootstrap}/{self.aggregate}"


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


def ensemble(asked: Mapping, flipped: float) -> Ensemble:
    """From an entry of params.yaml. One member is its own mean. flipped: the share where the entry says nothing."""
    kind, bootstrap = asked["ensemble"], asked.get("bootstrap", False)
    members = 1 if kind == "single" else asked.get("members", MEMBERS)
    own = asked.get("flipped", flipped)
    return Ensemble(
        "single" if kind in ("models", "heads") and members == 1 and not bootstrap else kind,
        members,
        "mean" if members == 1 else asked.get("aggregate", "worst_case"),
        None if own == flipped else float(own),
        bootstrap,
    )


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
