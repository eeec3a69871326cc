"""Rewards that the experiment trains on pairs of answers of which people prefer one."""

from collections.abc import Iterator
from typing import Any, ClassVar

from lib.models.hub import from_hub
from lib.reward_models.kinds.kind import Spec
from lib.reward_models.kinds.trained import Trained
from lib.reward_models.proxies import Ensemble, ensemble

COEFFICIENT = 0.5  # c of mean − c·variance, as in Scalable Ensembling's experiments
TEXT = {"type": "string", "minLength": 1}
COLUMNS = ("prompt", "chosen", "rejected", "margin", "tie")


class Preferences(Trained):
    """θ_pre with one head or several, or several models, trained by the Bradley–Terry model."""

    key = "preferences"
    unit = "sd over held-out answers"
    schema: ClassVar = {
        "additionalProperties": False,
        "properties": {
            "preferences": TEXT,
            "revision": {"$ref": "#/$defs/revision"},
            "name": TEXT,
            "split": TEXT,
            "columns": {
                "type": "object",
                "additionalProperties": False,
                "properties": dict.fromkeys(COLUMNS, TEXT),
            },
            "ensemble": {"$ref": "#/$defs/ensemble"},
            "members": {"$ref": "#/$defs/members"},
            "aggregate": {"$ref": "#/$defs/aggregate"},
            "coefficient": {"type": "number", "minimum": 0},
            "seed": {"$ref": "#/$defs/seed"},
        },
        "allOf": [{"$ref": "#/$defs/one_model"}],
        "if": {"properties": {"preferences": {"pattern": "^hub:"}}},
        "then": {"required": ["revision"]},
        "else": {"propertyNames": {"not": {"const": "revision"}, "description": "it is for pairs on the hub"}},
    }

    def problems(self, key: str, spec: Spec, experiment: Any) -> Iterator[tuple[str, str]]:
        place = experiment.root / spec["preferences"]
        if not from_hub(spec["preferences"]) and not place.exists():
            yield f"{key}.preferences", f"there is no {spec['preferences']}"
        for of_data_sets in ("name", "split"):
            if of_data_sets in spec and place.is_file():
                yield f"{key}.{of_data_sets}", "a file is read as a whole: leave this key out"
        if "coefficient" in spec and spec.get("aggregate") != "uncertainty_weighted":
            yield f"{key}.coefficient", "only `aggregate: uncertainty_weighted` has a coefficient"

    def source(self, name: str, spec: Spec, experiment: Any) -> dict[str, Any]:
        return {"kind": self.key, "models": model_folders(name, spec, experiment)} | aggregate_of(spec)


def given(spec: Spec) -> list[str]:
    """The file or directory of the pairs; nothing if they are on the hub."""
    return [] if from_hub(spec["preferences"]) else [spec["preferences"]]


def members_of(spec: Spec) -> Ensemble:
    """The reward's members and how they are aggregated."""
    return ensemble({"ensemble": "single"} | dict(spec), flipped=0)


def heads_of(spec: Spec) -> int:
    """The number of heads of each of its models."""
    members = members_of(spec)
    return members.members if members.kind in ("heads", "frozen_heads") else 1


def model_folders(name: str, spec: Spec, experiment: Any) -> list[str]:
    """The directories of its models: one for each member, or one for all heads."""
    count = members_of(spec).members // heads_of(spec)
    return [f"{experiment.results}/preferences/{name}/model-{number}" for number in range(1, count + 1)]


def aggregate_of(spec: Spec) -> dict[str, Any]:
    """Its `aggregate`, and the `coefficient` c of that."""
    aggregate = members_of(spec).aggregate
    weighted = aggregate == "uncertainty_weighted"
    return {"aggregate": aggregate, "coefficient": spec.get("coefficient", COEFFICIENT) if weighted else 0}
