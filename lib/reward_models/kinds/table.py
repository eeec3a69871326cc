"""The table of reward kinds. A new kind is a file in this folder and an entry here."""

from typing import Any

from lib.reward_models.kinds.given import Classifier, Function
from lib.reward_models.kinds.gold import FittedGold
from lib.reward_models.kinds.kind import Kind, Spec
from lib.reward_models.kinds.preferences import Preferences
from lib.reward_models.kinds.trained import Label, Proxies

# An entry is of the first kind whose key it has: `preferences` may have an `ensemble`, too.
REWARDS: list[Kind] = [Label(), Preferences(), Proxies(), Function(), Classifier()]
GOLD: list[Kind] = [FittedGold(), Preferences(), Function(), Classifier()]


def kind_of(spec: Spec, kinds: list[Kind]) -> Kind:
    """The kind of an entry of params.yaml, by its key."""
    return next(kind for kind in kinds if kind.key in spec)


def loader_of(source: Spec) -> Kind:
    """The kind of a `source`."""
    by_name = {kind.key: kind for kind in REWARDS} | {"gold": GOLD[0]}
    return by_name[source["kind"]]


def schema_of(kinds: list[Kind]) -> dict[str, Any]:
    """JSON schema of an entry that is of any of the kinds."""
    keys = [kind.key for kind in kinds]
    schema: dict[str, Any] = {"type": "object", "anyOf": [{"required": [key]} for key in keys]}
    for kind in reversed(kinds):
        schema = {"type": "object", "if": {"required": [kind.key]}, "then": kind.schema, "else": schema}
    return schema
