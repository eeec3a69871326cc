"""The tab on when a soup is enough: a point for each pair of rewards, and the table."""

import numpy as np
import pandas as pd

from lib.papers.compatibility.claims import tables as tables_of
from lib.papers.compatibility.measures import by_pair
from lib.papers.compatibility.styles import COMPATIBILITY, REACHED, style_of
from lib.papers.evidence import Evidence
from lib.reporting.charts import LARGER, Data, Tab, axis, chart, marks, number, series, table, text
from lib.reporting.figures import COLOURS, placed, title_of
from lib.reporting.page import Files

ABOUT = (
    "Rewarded Soups on several pairs of rewards. A pair is compatible if the expert of one reward gains on the other "
    "too: at a cross-gain of 1 as much as the other's own expert, at 0 nothing, below 0 it loses. Above the dashed line"
    " soups reach more than as many MORL policies."
)
EQUAL = "as much as MORL"


def tab(files: Files) -> Tab:
    """From the evidence."""
    evidence = Evidence.read(files["evidence"])
    found = tables_of(evidence)["map"]
    blocks = [text(ABOUT), *(against(evidence, found, x) for x in COMPATIBILITY), table("Each pair of rewards", found)]
    return Tab("When is a soup enough?", blocks, (files["figures"] / "map.png", "Pairs of rewards, soups and MORL"))


def against(evidence: Evidence, found: pd.DataFrame, x: str) -> Data:
    """Expected utility of soups by that of MORL against a measure of compatibility."""
    y = "utility_reached"
    samples = by_pair(evidence, [x, y])
    ends = [{"name": EQUAL, "x": number(end), "y": 1} for end in (found[x].min(), found[x].max())]
    drawn = [series(EQUAL, COLOURS["sft"], "", ends, line="dashed")]
    for i, row in found.iterrows():
        if not np.isfinite([row[x], row[y]]).all():
            continue
        style, of_pair = style_of(int(i)), samples[row["pair"]]
        by_seed = placed(of_pair[x].values, of_pair[y].values)
        point = marks(found.loc[[i]], x, y, [row["pair"]], by_seed)
        drawn.append(series(row["pair"], style["color"], style["marker"], point))
    return chart(
        f"What soups reach of what MORL reaches, by {x.replace('_', '-')}",
        axis(COMPATIBILITY[x]),
        axis(f"{REACHED[y]}, soups / MORL", LARGER),
        drawn,
        note=f"{title_of(evidence.scores['moments']).capitalize()}.",
    )
