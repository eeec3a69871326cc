"""The papers, in the order of the report.

A paper is a room beside this file, rules/NAME.smk and its scripts. It takes part where the parameters have its section.
What a room has: `schema.yaml`, of the section; `layout.py`, with `problems` (what is wrong in the section that a schema
does not see) and `Layout`, as the rules ask for it; `report.py`, with `part`, its part of the report. docs/extending.md
adds one.
"""

from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

from lib.graph.checks import shape_problems, shared_problems
from lib.graph.experiment import Experiment

PAPERS = ["rewarded_soups", "warp", "salsa", "reward_ensembles"]


class Layout(Protocol):
    """A paper's policies and points: what there is, where it is, and what is scored."""

    steps: int
    """Of the longest training of a policy."""
    models_of_rewards: int
    """That one of its jobs holds at most, beside those of `rewards:`."""
    lora_pairs: dict[str, list[str]]
    """Two LoRA policies each, by what they are, which an average of factors is compared on; none without a pair."""

    def __init__(self, experiment: Experiment) -> None: ...


def problems(experiment: Experiment) -> Iterator[tuple[str, str]]:
    """The dotted keys of the parameters that are wrong, each with what is wrong about it.

    What follows the first may be wrong for the same reason.
    """
    schemas = {paper: experiment.root / f"lib/papers/{paper}/schema.yaml" for paper in PAPERS}
    yield from shape_problems(experiment, schemas)
    yield from shared_problems(experiment)
    for paper in present(experiment):
        yield from _module(paper, "layout").problems(experiment)


def present(experiment: Experiment) -> list[str]:
    """The papers whose section the parameters have."""
    return [paper for paper in PAPERS if experiment.has(paper)]


def layouts(experiment: Experiment) -> dict[str, Any]:
    """The layout of each paper that takes part."""
    return {paper: _module(paper, "layout").Layout(experiment) for paper in present(experiment)}


def report_of(paper: str) -> ModuleType:
    """The module of a paper's part of the report; jobs that use it have its code among their inputs."""
    return _module(paper, "report")


def _module(paper: str, name: str) -> ModuleType:
    return import_module(f"lib.papers.{paper}.{name}")
