"""What differs between a stage of DVC and its entry in dvc.lock: each difference by name, in words."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dvc.dependency.param import ParamsDependency
from dvc.output import Output
from dvc.stage import Stage

COMMAND = "has changed: the shell command of its rule, which input is which in it, or a value that the rule gives"


@dataclass(frozen=True)
class Change:
    """One difference.

    what: the key, the path, or a word for the command and the entry as a whole. how: what is different about it.
    recorded: the MD5 by which dvc.lock has an input.
    """

    kind: Literal["key", "new key", "input", "output", "command", "entry"]
    what: str
    how: str
    recorded: str | None = None

    @property
    def is_code(self) -> bool:
        """Whether it is a matter of the code: what a job runs, how its rule calls that, and which keys it reads."""
        return self.kind in ("command", "new key") or (self.kind == "input" and self.what.endswith(".py"))

    def __str__(self) -> str:
        return f"{self.what} {self.how}"


def changes_of(stage: Stage) -> list[Change]:
    """What differs from dvc.lock. A file that is not here differs in nothing."""
    if not is_in_lock(stage):
        return [Change("entry", "it", "was never recorded")]
    found: list[Change] = []
    for dependency in stage.deps:
        of = of_keys if isinstance(dependency, ParamsDependency) else of_input
        found += of(dependency)
    for out in stage.outs:
        if out.exists and out.workspace_status():
            found.append(Change("output", str(out), "is not as it was recorded"))
    if stage.changed_stage():
        found.append(Change("command", "its command", COMMAND))
    return found


def is_in_lock(stage: Stage) -> bool:
    """Whether dvc.lock has the stage."""
    return any(out.hash_info for out in stage.outs)


def of_input(dependency: Output) -> Iterator[Change]:
    """What is different about a file that the job reads."""
    if dependency.exists and dependency.workspace_status():
        how = "has changed" if dependency.hash_info else "is read now and was not"
        yield Change("input", str(dependency), how, dependency.hash_info.value)


def of_keys(dependency: ParamsDependency) -> Iterator[Change]:
    """What is different about the parameters that the job takes."""
    recorded, present = dependency.hash_info.value or {}, dependency.read_params()
    for key in dependency.params:
        yield from of_value(key, recorded, present)


def of_value(key: str, recorded: Mapping[str, Any], present: Mapping[str, Any], section: str = "") -> Iterator[Change]:
    """What is different about the value of a key; where it is a section, about each key in that."""
    name = section + key
    if key not in recorded:
        kind = "key" if section else "new key"
        yield Change(kind, name, f"is {spelt(present[key])} and was not set, or not read")
    elif key not in present:
        yield Change("key", name, f"was {spelt(recorded[key])} and is not there")
    elif isinstance(recorded[key], dict) and isinstance(present[key], dict):
        for inner in recorded[key] | present[key]:
            yield from of_value(inner, recorded[key], present[key], f"{name}.")
    elif recorded[key] != present[key]:
        yield Change("key", name, f"was {spelt(recorded[key])} and is {spelt(present[key])}")


def spelt(value: Any) -> str:
    """A value as it may stand in params.yaml."""
    return json.dumps(value, ensure_ascii=False, default=str)


def by_change(changes: Mapping[str, Iterable[Change | str]]) -> dict[str, list[str]]:
    """The names of those that a difference is common to, by the words for it."""
    names: dict[str, list[str]] = {}
    for name, found in changes.items():
        for change in found:
            names.setdefault(str(change), []).append(name)
    return names
