"""An experiment as rules and layouts see it: its parameters, its results' folder, the settings of its jobs."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from lib.graph.code import Code

BRACES = {ord("{"): r"\u007b", ord("}"): r"\u007d"}  # escaped in JSON, where Snakemake would read {x} as a wildcard
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


class Experiment:
    """config: the full parameters, which Snakemake has read from `files`. root: the checkout. origins: the file that
    each value is from, by its dotted key, where the files extend others.
    """

    def __init__(
        self, config: dict[str, Any], root: Path, files: Sequence[str | Path], origins: Mapping[str, str] | None = None
    ) -> None:
        self.config = config
        self.origins = origins or {}
        self.file = ", ".join(os.path.relpath(file) for file in files)
        # what `snakemake` has to be told to run this experiment
        self.option = "" if self.file == "params.yaml" else f" --configfile {self.file.replace(', ', ' ')} --"
        self.results = f"results/{config.get('experiment')}"
        self.code = Code(root)
        self.root = root

    @cached_property
    def seeds(self) -> list[int]:
        """The seeds of reinforcement learning."""
        return self.value("seeds")

    @property
    def lora(self) -> dict[str, Any] | None:
        """The settings of LoRA; None where all weights are trained."""
        return self.config.get("lora")

    def has(self, key: str) -> bool:
        """Whether the parameters contain a dotted key."""
        try:
            self.value(key)
        except (KeyError, IndexError, TypeError):
            return False
        return True

    def value(self, key: str) -> Any:
        """The value of a dotted key; a number in the key is an index into a list."""
        value: Any = self.config
        for part in key.split("."):
            value = value[int(part) if isinstance(value, list) else part]
        return value

    def file_of(self, key: str) -> str:
        """The file where the value of a dotted key stands; the files, the experiment's first, where it is a section."""
        files = [file for leaf, file in self.origins.items() if f"{leaf}.".startswith(f"{key}.")]
        above = [file for leaf, file in self.origins.items() if key.startswith(f"{leaf}.")]
        if above or (self.has(key) and not isinstance(self.value(key), dict) and files):
            return (above or files)[-1]
        return ", ".join(dict.fromkeys([self.file, *reversed(files)]))

    def settings(self, *keys: str, **values: Any) -> str:
        """One JSON object for a job's --settings: the values of dotted keys, and other values by name.

        It is one string because Snakemake compares a job's parameters as a set of values, and would miss two that are
        swapped. DVC tracks the keys in it (lib/graph/jobs.py). If a named value comes from the parameters, the rule
        lists the keys that it comes from beside it: `derived_from=settings(...)`.
        """
        assert not values.keys() & self.config.keys(), "a value has the name of a section of the parameters"
        text = json.dumps(plain({key: self.value(key) for key in keys} | values), sort_keys=True)
        return STRING.sub(lambda string: string[0].translate(BRACES), text)


def every(files: Any) -> list[str]:
    """All paths in nested lists and dictionaries of files. A job that gets such files by key needs them as inputs."""
    if isinstance(files, str):
        return [files]
    return [path for inner in (files.values() if isinstance(files, dict) else files) for path in every(inner)]


def plain(value: Any) -> Any:
    """The value with whole floats as integers: DVC takes 6.0 and 6 for the same."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
