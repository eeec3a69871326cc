"""Proxies of Scalable Ensembling, by name: as rules ask for them, folders hold them and tables read them.

`experiment` is `lib.graph.experiment.Experiment`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

AGGREGATES = {"mean": "mean", "worst_case": "worst case", "uncertainty_weighted": "mean − c·variance"}
NAMES = {"single": "model", "models": "models", "heads": "heads", "frozen_heads": "frozen heads"}
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
        name = f"{self.members} {NAMES[self.kind]}"
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


def flipped_share(of: Ensemble, experiment: Any) -> float:
    """The share of the labels that an ensemble learned from that is wrong."""
    return experiment.value("reward_ensembles.flipped") if of.flipped is None else of.flipped


def proxy_folders(of: Ensemble, seed: int | str, experiment: Any) -> list[str]:
    """Where the models of an ensemble are. A single model is the first of several, with one head; heads on one encoder
    have its seed, so that what they are compared with has the data in the same order.
    """
    one_encoder = of.kind in ("heads", "frozen_heads")
    trained = f"{of.kind}-{of.members}" if one_encoder else "heads-1"
    numbers = range(1, 2 if one_encoder else of.members + 1)
    share = f"flipped-{flipped_share(of, experiment):g}"
    place = f"{experiment.results}/reward_ensembles/proxy/{trained}{'-bootstrap' * of.bootstrap}/{share}"
    return [f"{place}/seed-{(100 * int(seed) + number) % 2**32}" for number in numbers]


def ensemble_source(of: Ensemble, seed: int | str, experiment: Any) -> dict[str, Any]:
    """What a job is told of an ensemble: its `models`, the `aggregate` of their outputs and c, its `coefficient`."""
    weighted = of.aggregate == "uncertainty_weighted"
    coefficient = experiment.value("reward_ensembles.coefficient") if weighted else 0
    return {"models": proxy_folders(of, seed, experiment), "aggregate": of.aggregate, "coefficient": coefficient}
