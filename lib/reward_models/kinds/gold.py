"""The gold reward that is fitted to a human label."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from lib.reward_models.kinds.kind import Kind, Score, Spec
from lib.reward_models.kinds.trained import label_problems


class FittedGold(Kind):
    """A ridge regression fitted to a human label (`lib.reward_models.gold`)."""

    key = "label"
    unit = "sd of the human label"
    schema: ClassVar = {
        "additionalProperties": False,
        "required": ["label", "penalty"],
        "properties": {"label": {"$ref": "#/$defs/label"}, "penalty": {"$ref": "#/$defs/positive"}},
    }

    def problems(self, key: str, spec: Spec, experiment: Any) -> Iterator[tuple[str, str]]:
        yield from label_problems(f"{key}.label", spec["label"], experiment)

    def source(self, name: str, spec: Spec, experiment: Any) -> dict[str, Any]:
        return {"kind": "gold", "directory": f"{experiment.results}/gold"}

    def files(self, source: Spec, experiment: Any) -> list[str]:
        return [source["directory"]]

    def load(self, key: str, source: Spec, compute: Any) -> Score:
        from lib.reward_models.gold import GoldReward  # imported here: scikit-learn takes 2 s

        return GoldReward.load(Path(source["directory"]))
