"""The parts of the report, one per paper."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from lib.statistics.intervals import ends_of

Files = Mapping[str, Any]
"""By name, the path of a result that a part reports, or several paths."""


class Part(NamedTuple):
    """A part of the report: Markdown that begins with its heading, and main numbers, by their names in metrics.json."""

    text: str
    numbers: dict[str, Any]


def tables(files: Files) -> dict[str, pd.DataFrame]:
    """The tables among the files, by name; lists of files are left out."""
    return {name: pd.read_csv(path) for name, path in files.items() if isinstance(path, Path) and path.suffix == ".csv"}


def intervals_by(column: str, table: pd.DataFrame, value: str = "value") -> dict[str, dict[str, float]]:
    """Values with their intervals, by the entries of `column`. value: the column that holds the values."""
    names = dict(zip([value, *ends_of(value)], ["value", "low", "high"]))
    return table.set_index(column)[list(names)].rename(columns=names).to_dict("index")
