"""Results that stand in Snakemake's report (`make report`), each with a caption, a category and a label.

Captions are rules/captions/PAPER/NAME.rst, or those of `all` for what is of no paper.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from snakemake.io import AnnotatedString, directory, report

from lib.papers.register import PAPERS

ALL = "all"
KINDS = {".csv": "table", ".html": "page", ".md": "text"}


def shown(result: str) -> AnnotatedString:
    """A file of results, results/EXPERIMENT/[PAPER/]NAME."""
    name, of = Path(result).stem, owner(result)
    label = {"result": f"{KINDS[Path(result).suffix]}: {name.replace('_', ' ')}"}
    return report(result, caption=f"captions/{of}/{name}.rst", category=category(of), labels=label)


def shown_figures(folder: str) -> AnnotatedString:
    """A directory of figures, each of which is there as a PNG. They share a caption, figures.rst."""
    of = owner(folder)
    caption = f"captions/{of}/figures.rst"
    return report(
        directory(folder), patterns=["{figure}.png"], caption=caption, category=category(of), labels=figure_label
    )


def figure_label(wildcards: Any) -> dict[str, str]:
    """What stands in the list for a figure."""
    return {"result": f"figure: {wildcards.figure.replace('_', ' ')}"}


def owner(result: str) -> str:
    """The paper that a result is of, or `all`."""
    part = Path(result).parts[2]
    return part if part in PAPERS else ALL


def category(of: str) -> str:
    """What stands over the results of a paper: its name, with which its package's docstring begins."""
    return "All papers" if of == ALL else import_module(f"lib.papers.{of}").__doc__.partition(" (")[0]
