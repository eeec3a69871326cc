"""Rewards that the experiment trains: on a human label, or as an ensemble of proxies on labelled pairs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from lib.data.snippets import FILES
from lib.reward_models.kinds.kind import Kind, Score, Spec
from lib.reward_models.proxies import ensemble, ensemble_source


class Trained(Kind):
    """A reward whose source has `models`, the directories of classifiers, and the `aggregate` of their outputs."""

    def files(self, source: Spec, experiment: Any) -> list[str]:
        return list(source["models"])

    def models(self, source: Spec) -> int:
        return len(source["models"])

    def load(self, key: str, source: Spec, compute: Any) -> Score:
        from lib.reward_models.ensembles import RewardEnsemble

        directories = [Path(path) for path in source["models"]]
        return RewardEnsemble(directories, source["aggregate"], source["coefficient"], compute)


class Label(Trained):
    """A model trained on a human label: a column of the data, or a number for some of the domains."""

    key = "label"
    unit = "sd of the human label"
    schema: ClassVar = {"additionalProperties": False, "properties": {"label": {"$ref": "#/$defs/label"}}}

    def problems(self, key: str, spec: Spec, experiment: Any) -> Iterator[tuple[str, str]]:
        yield from label_problems(f"{key}.label", spec["label"], experiment)

    def source(self, name: str, spec: Spec, experiment: Any) -> dict[str, Any]:
        models = [f"{experiment.results}/reward/{name}"]
        return {"kind": self.key, "models": models, "aggregate": "mean", "coefficient": 0}


def label_problems(key: str, label: str | dict[str, float], experiment: Any) -> Iterator[tuple[str, str]]:
    """Errors in a human label, by the columns and domains that the data is declared to have."""
    own_data = "rows" in experiment.config["data"]
    columns = experiment.value("data.labels") if own_data else ["rating"]
    if isinstance(label, str):
        if label not in columns:
            yield key, f"{label!r} is not one of the labels ({', '.join(columns)})"
        return
    if len(set(label.values())) < 2:
        yield key, "all domains have the same number: there is nothing to learn"
    if own_data and "domain" not in columns:
        yield key, "it names domains, but data.labels has no column `domain`"
    if not own_data:
        for domain in label.keys() - FILES.keys():
            yield key, f"{domain!r} is not one of the domains ({', '.join(FILES)})"


class Proxies(Trained):
    """An ensemble of reward models trained on the preferences of the gold reward (Scalable Ensembling)."""

    key = "ensemble"
    unit = "sd over samples of the SFT model"
    schema: ClassVar = {
        "additionalProperties": False,
        "properties": {
            "ensemble": {"$ref": "#/$defs/ensemble"},
            "members": {"$ref": "#/$defs/members"},
            "aggregate": {"$ref": "#/$defs/aggregate"},
            "flipped": {"$ref": "#/$defs/share"},
            "bootstrap": {"type": "boolean"},
            "seed": {"$ref": "#/$defs/seed"},
        },
        "allOf": [{"$ref": "#/$defs/one_model"}],
    }

    def problems(self, key: str, spec: Spec, experiment: Any) -> Iterator[tuple[str, str]]:
        if not experiment.has("reward_ensembles"):
            yield f"{key}.ensemble", "its proxies need the section reward_ensembles, which is missing"

    def source(self, name: str, spec: Spec, experiment: Any) -> dict[str, Any]:
        proxy = ensemble(spec, experiment.value("reward_ensembles.flipped"))
        return {"kind": self.key} | ensemble_source(proxy, spec.get("seed", 0), experiment)

    def other_keys(self) -> list[str]:
        return ["reward_ensembles.flipped", "reward_ensembles.coefficient"]
