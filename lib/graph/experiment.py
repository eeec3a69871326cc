"""An experiment, as rules and layouts ask for it: its parameters, where its results are, what its jobs are told."""

import json
import os
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from lib.graph.code import Code

BRACES = {ord("{"): r"\u007b", ord("}"): r"\u007d"}  # in JSON: Snakemake would take what they hold for a wildcard
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


class Experiment:
    """The parameters of `files`, which Snakemake has read into `config`, in the checkout at `root`."""

    def __init__(self, config: dict[str, Any], root: Path, files: Sequence[str | Path]) -> None:
        self.config = config
        self.file = ", ".join(os.path.relpath(file) for file in files)
        self.results = f"results/{config.get('experiment')}"
        self.code = Code(root)
        self.root = root

    @cached_property
    def seeds(self) -> list[int]:
        """Of reinforcement learning."""
        return self.value("seeds")

    def has(self, key: str) -> bool:
        """Whether the parameters have a dotted key."""
        try:
            self.value(key)
        except (KeyError, IndexError, TypeError):
            return False
        return True

    def value(self, key: str) -> Any:
        """The value of a dotted key; a number in it is a place in a list."""
        found: Any = self.config
        for part in key.split("."):
            found = found[int(part) if isinstance(found, list) else part]
        return found

    def settings(self, *keys: str, **values: Any) -> str:
        """One JSON object with the values of dotted keys, and others by name, for a job's --settings.

        One string, because Snakemake compares a job's parameters as a set of values: two values swapped would go
        unnoticed. DVC follows the keys that stand in it (lib/graph/stages.py). Where a value by name comes from the
        parameters, its keys stand beside it: `derived_from=settings(...)`.
        """
        assert not values.keys() & self.config.keys(), "a value by name would be taken for a section"
        text = json.dumps(plain({key: self.value(key) for key in keys} | values), sort_keys=True)
        return STRING.sub(lambda string: string[0].translate(BRACES), text)


def every(files: Any) -> list[str]:
    """All paths of keyed files, which a job is told by key: they have to be among its inputs."""
    if isinstance(files, str):
        return [files]
    return [path for inner in (files.values() if isinstance(files, dict) else files) for path in every(inner)]


def plain(value: Any) -> Any:
    """The value with 6 for 6.0, which DVC takes for the same."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
