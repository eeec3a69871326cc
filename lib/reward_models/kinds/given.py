"""Rewards that exist before the experiment: a Python function, or a classifier trained by others."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from lib.data.named_functions import function_problems
from lib.models.given_models import directory_problems, output_problems
from lib.models.hub import from_hub
from lib.reward_models.kinds.kind import Kind, Score, Spec


class Function(Kind):
    """A `module:function`, called as function(prompts, completions, **arguments)."""

    key = "function"
    unit = "as the function gives it"
    schema: ClassVar = {"$ref": "#/$defs/function"}

    def problems(self, key: str, spec: Spec, experiment: Any) -> Iterator[tuple[str, str]]:
        yield from function_problems(key, spec, ("prompts", "completions"), experiment.root)

    def files(self, source: Spec, experiment: Any) -> list[str]:
        return experiment.code.of_function(source["function"])

    def reads(self, source: Spec) -> str:
        return "question"

    def load(self, key: str, source: Spec, compute: Any) -> Score:
        from lib.reward_models.functions import RewardFunction

        return RewardFunction(key, source)


class Classifier(Kind):
    """A sequence classifier from a directory or the hub, with weights for its outputs."""

    key = "classifier"
    unit = "as the classifier gives it"
    schema: ClassVar = {
        "additionalProperties": False,
        "required": ["classifier", "weights", "inputs"],
        "properties": {
            "classifier": {"type": "string", "minLength": 1},
            "revision": {"$ref": "#/$defs/revision"},
            "weights": {"type": "array", "items": {"type": "number"}, "minItems": 1},
            "inputs": {
                "description": "chat, or a list of one text or two",
                "oneOf": [
                    {"const": "chat"},
                    {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": 2},
                ],
            },
            "between": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 2, "maxItems": 2},
        },
        "if": {"properties": {"classifier": {"pattern": "^hub:"}}},
        "then": {"required": ["revision"]},
        "else": {"propertyNames": {"not": {"const": "revision"}, "description": "it is for a classifier on the hub"}},
    }

    def problems(self, key: str, spec: Spec, experiment: Any) -> Iterator[tuple[str, str]]:
        if not from_hub(spec["classifier"]):
            wrong = list(directory_problems(f"{key}.classifier", Path(spec["classifier"])))
            yield from wrong or output_problems(f"{key}.weights", Path(spec["classifier"]), len(spec["weights"]))

    def files(self, source: Spec, experiment: Any) -> list[str]:
        return [] if from_hub(source["classifier"]) else [source["classifier"]]

    def reads(self, source: Spec) -> str:
        return "conversation" if source["inputs"] == "chat" else "question"

    def models(self, source: Spec) -> int:
        return 1

    def load(self, key: str, source: Spec, compute: Any) -> Score:
        from lib.reward_models.given_classifiers import GivenClassifier

        return GivenClassifier(key, source, compute)
