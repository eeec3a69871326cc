"""Names of the proxies of Scalable Ensembling: in params.yaml, in paths, and in tables and figures.

`experiment` is `lib.graph.experiment.Experiment`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

AGGREGATES = {
    "mean": "mean",
    "worst_case": "worst case",
    "uncertainty_weighted": "mean − c·variance",
    "soft_min": "soft minimum",
}
COEFFICIENTS = {  # of those aggregates that have one, its key
    "uncertainty_weighted": "reward_ensembles.coefficient",
    "soft_min": "reward_ensembles.tau",
}
NAMES = {
    "single": "model",
    "models": "models",
    "heads": "heads",
    "frozen_heads": "frozen heads",
    "warm": "models averaged (WARM)",
}
MEMBERS = 3  # the default of K (Scalable Ensembling)


class Ensemble(NamedTuple):
    """A proxy and the aggregate of its members.

    kind: `single`, one model; `models`, K models with different initial heads and orders of the data; `heads`, K heads
    on one encoder that is trained with them; `frozen_heads`, K heads on θ_pre, which stays frozen; `warm`, one model
    with the mean weights of those K models (arXiv 2401.12187).
    members: K. flipped: the fraction of wrong labels if it differs from the experiment's, otherwise None.
    bootstrap: whether each member is trained on a bootstrap sample of the pairs.
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
        return f"{self.proxy}, {AGGREGATES[self.aggregate]}" if self.is_aggregated else self.proxy

    @property
    def is_aggregated(self) -> bool:
        """Whether a text has several rewards, which are aggregated."""
        return self.members > 1 and self.kind != "warm"

    @property
    def folder(self) -> str:
        """Its folder in the results, without the fraction of flipped labels."""
        return f"{self.kind}-{self.members}{'-bootstrap' * self.bootstrap}/{self.aggregate}"


def ensemble(entry: Mapping, flipped: float) -> Ensemble:
    """The ensemble of an entry of params.yaml; one model, or one average, has the aggregate `mean`.

    flipped: the default fraction.
    """
    kind, bootstrap = entry["ensemble"], entry.get("bootstrap", False)
    members = 1 if kind == "single" else entry.get("members", MEMBERS)
    own = entry.get("flipped", flipped)
    return Ensemble(
        "single" if kind in ("models", "heads", "warm") and members == 1 and not bootstrap else kind,
        members,
        "mean" if members == 1 or kind == "warm" else entry.get("aggregate", "worst_case"),
        None if own == flipped else float(own),
        bootstrap,
    )


def flipped_share(proxy: Ensemble, experiment: Any) -> float:
    """The fraction of wrong labels that a proxy is trained on."""
    return experiment.value("reward_ensembles.flipped") if proxy.flipped is None else proxy.flipped


def proxy_folders(proxy: Ensemble, seed: int | str, experiment: Any) -> list[str]:
    """The directories of a proxy's models.

    The k-th of several models has the k-th seed, a single model or average the first. Heads on one encoder have it
    too, so that they and the single model see the data in the same order.
    """
    one_model = proxy.kind in ("heads", "frozen_heads", "warm")
    trained = f"{proxy.kind}-{proxy.members}" if one_model else "heads-1"
    numbers = range(1, 2 if one_model else proxy.members + 1)
    share = f"flipped-{flipped_share(proxy, experiment):g}"
    folder = f"{experiment.results}/reward_ensembles/proxy/{trained}{'-bootstrap' * proxy.bootstrap}/{share}"
    return [f"{folder}/seed-{(100 * int(seed) + number) % 2**32}" for number in numbers]


def ensemble_source(proxy: Ensemble, seed: int | str, experiment: Any) -> dict[str, Any]:
    """The description of an ensemble for jobs: its `models`, their `aggregate`, and the `coefficient` of that."""
    key = COEFFICIENTS.get(proxy.aggregate)
    coefficient = experiment.value(key) if key else 0
    return {"models": proxy_folders(proxy, seed, experiment), "aggregate": proxy.aggregate, "coefficient": coefficient}
