"""The papers, in the order of the report.

A paper is a folder beside this file, rules/NAME.smk and its scripts. It takes part where the parameters have its
section. The folder has `schema.yaml`, of that section; `layout.py`, with `problems` (mistakes that a schema does not
find) and `Layout`, which the rules use; `claims.py`, with `CLAIMS`, its entries of the register of claims; `report.py`,
with `part`, which writes its part of the report; and, if it has a tab on the page, `page.py` with `tab`.
docs/extending.md adds a paper step by step.
"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from lib.graph.checks import shape_problems
from lib.graph.experiment import Experiment
from lib.graph.extends import read
from lib.graph.modality import modality_of

PAPERS = ["rewarded_soups", "warp", "salsa", "reward_ensembles", "compatibility", "together"]


class Layout(Protocol):
    """A paper's policies and points: where they are, and what is scored."""

    steps: int
    """The number of steps of the longest training of a policy."""
    models_of_rewards: int
    """How many reward models one of its jobs holds at most, apart from those of `rewards:`."""
    lora_pairs: dict[str, list[str]]
    """Named pairs of LoRA policies, on which an average of factors is compared with a soup. May be empty."""

    def __init__(self, experiment: Experiment) -> None: ...


def experiment_of(params: Path) -> Experiment:
    """The experiment of a file of parameters, for what is no job. Raises ValueError with its first mistake."""
    if not params.exists():
        raise ValueError(f"{params} is not there: give the name of a folder of experiments/ as EXPERIMENT")
    resolved = read(params, Path(), PAPERS)
    experiment = Experiment(resolved.config, Path(), [params], resolved.origins)
    for key, problem in problems(experiment):
        raise ValueError(f"{experiment.file_of(key)}: {key}: {problem}")
    return experiment


def problems(experiment: Experiment) -> Iterator[tuple[str, str]]:
    """Mistakes in the parameters: dotted keys, each with what is wrong. If the shape is wrong, that alone."""
    schemas = {paper: experiment.root / f"lib/papers/{paper}/schema.yaml" for paper in PAPERS}
    if wrong := list(shape_problems(experiment, schemas)):
        yield from wrong
        return
    yield from modality_of(experiment.config).code.problems(experiment)
    for paper in present(experiment):
        yield from _module(paper, "layout").problems(experiment)


def present(experiment: Experiment) -> list[str]:
    """The papers whose section the parameters have."""
    return [paper for paper in PAPERS if experiment.has(paper)]


def layouts(experiment: Experiment) -> dict[str, Any]:
    """The layout of each paper that takes part."""
    return {paper: _module(paper, "layout").Layout(experiment) for paper in present(experiment)}


def report_of(paper: str) -> ModuleType:
    """The module of a paper's part of the report. Found at run time, so jobs that use it name its code as an input."""
    return _module(paper, "report")


def page_of(paper: str) -> ModuleType:
    """The module of a paper's tab on the page. Found at run time, as `report_of`."""
    return _module(paper, "page")


def claims_of(paper: str) -> list[Any]:
    """A paper's entries of the register of claims (`lib.papers.claims.Claim`). Found at run time, as `report_of`."""
    return _module(paper, "claims").CLAIMS


def title_of(paper: str) -> str:
    """The paper's name and number, as its folder says it."""
    return str(import_module(f"lib.papers.{paper}").__doc__).removesuffix(".")


def _module(paper: str, name: str) -> ModuleType:
    return import_module(f"lib.papers.{paper}.{name}")
