"""The report's parts: each paper tells its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from lib.statistics.intervals import ends_of

Files = Mapping[str, Any]
"""By name, the path of what a part tells of, or the paths of several."""


class Part(NamedTuple):
    """A part of the report: Markdown from its heading on, and its main numbers, by its name in metrics.json."""

    text: str
    numbers: dict[str, Any]


def tables(files: Files) -> dict[str, pd.DataFrame]:
    """Those of the files that are one table, by name."""
    return {name: pd.read_csv(path) for name, path in files.items() if isinstance(path, Path) and path.suffix == ".csv"}


def intervals_by(column: str, table: pd.DataFrame, value: str = "value") -> dict[str, dict[str, float]]:
    """Values with their intervals, by what the column names. value: the column of the values."""
    names = dict(zip([value, *ends_of(value)], ["value", "low", "high"]))
    return table.set_index(column)[list(names)].rename(columns=names).to_dict("index")
