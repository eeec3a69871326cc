"""What the page of an experiment is made of: charts, tables and the tabs that hold them, as plain data.

A paper's `page.py` gives them (`lib.papers.register.page_of`), `lib/reporting/html/page.js` draws them. Colours and
markers are those of `lib.reporting.figures`.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from lib.reporting.figures import few
from lib.reporting.tables import with_intervals
from lib.statistics.intervals import Floats, ends_of

DIGITS = 5  # significant ones of the numbers on the page
LARGER, NEARER = "larger is better", "smaller is nearer to θ_sft"
Data = dict[str, Any]


class Tab(NamedTuple):
    """A tab of the page.

    blocks: `chart`, `table`, `text` and `chooser`, in order. figure: the PNG that stands there without JavaScript, with
    what it shows; None where there is none.
    """

    title: str
    blocks: list[Data]
    figure: tuple[Path, str] | None = None


def number(value: float) -> float | None:
    """A number as the page has it; None for NaN."""
    return None if math.isnan(value) else float(f"{value:.{DIGITS}g}")


def axis(label: str, better: str = "", **options: Any) -> Data:
    """better: which direction is good. options: `scale="sqrt"`; `categories`, names in place of the numbers 0, 1, …"""
    return {"label": label, "better": better} | options


def marks(
    points: pd.DataFrame,
    x: str,
    y: str,
    names: Sequence[str],
    by_seed: Floats | None = None,
    keys: Sequence[str] | None = None,
) -> list[Data]:
    """Points with the 95 % intervals of x and of y, where the table has them (as `lib.reporting.figures.bars`).

    by_seed: x and y of each seed, (seeds, points, 2); with few seeds they stand in place of intervals. keys: by which a
    chooser knows the points.
    """
    seeds = None if by_seed is None or not few(len(by_seed)) else by_seed
    found = []
    for i, row in enumerate(points.to_dict("records")):
        mark = {"name": names[i], "x": number(row[x]), "y": number(row[y])}
        if keys is not None:
            mark["key"] = keys[i]
        if seeds is not None:
            mark["seeds"] = [[number(value) for value in pair] for pair in seeds[:, i]]
        else:
            mark |= {end: ends for end, ends in (("xs", _ends(row, x)), ("ys", _ends(row, y))) if ends}
        found.append(mark)
    return found


def _ends(row: Mapping[Any, Any], column: str) -> list[float | None]:
    """Both ends of a column's interval; none where there is none."""
    ends = [row.get(name, math.nan) for name in ends_of(column)]
    return [] if any(map(math.isnan, ends)) else [number(end) for end in ends]


def series(name: str, colour: str, marker: str, points: list[Data], **options: Any) -> Data:
    """marker: of matplotlib; "" for none. options: `line` (solid, dashed or dotted), `shown=False`, and `thin`, lines
    of single seeds or trainings, each a list of x and y.
    """
    return {"name": name, "colour": colour, "marker": marker, "points": points} | options


def chart(title: str, x: Data, y: Data, drawn: list[Data], **options: Any) -> Data:
    """title: what is to be seen. options: `note`; `marked`, further points with a label; `lines`, at an `x` or a `y`;
    `front=True`, where dominated points are grey; `height`, in pixels.
    """
    return {"kind": "chart", "title": title, "x": x, "y": y, "series": drawn} | options


def line_of(points: Floats) -> list[list[float | None]]:
    """x and y along a line, (points, 2), as the page has it."""
    return [[number(value) for value in pair] for pair in points]


def table(title: str, found: pd.DataFrame) -> Data:
    """A table; a column that has an interval is shown as `x (low to high)`."""
    shown = with_intervals(found).fillna("").astype(str)
    return {"kind": "table", "title": title, "columns": list(shown), "rows": shown.to_numpy().tolist()}


def text(words: str) -> Data:
    """A paragraph."""
    return {"kind": "text", "text": words}
