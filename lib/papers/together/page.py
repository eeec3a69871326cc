"""The tab on methods together: the fronts of all variants, and what each has over the others."""

import pandas as pd

from lib.papers.evidence import Evidence
from lib.papers.rewarded_soups.fronts import scores_of
from lib.papers.together.claims import front_of, tables
from lib.papers.together.styles import STYLES
from lib.reporting.charts import LARGER, Data, Tab, axis, chart, marks, series, table, text
from lib.reporting.figures import seeds_of, title_of
from lib.reporting.page import Files

ABOUT = (
    "WARP's moving anchor, with SALSA's soup of the SFT pair as the start, on a pessimistic reward, souped over two "
    "rewards. The other variants are the plain way and one change each, with the same steps and seeds. Gold judges the "
    "first axis; nothing is trained on it."
)


def tab(files: Files) -> Tab:
    """From the evidence."""
    evidence = Evidence.read(files["evidence"])
    found = tables(evidence)
    blocks = [
        text(ABOUT),
        fronts(evidence, found["front"]),
        table("What a variant has over another", found["comparisons"]),
    ]
    return Tab("Methods together", blocks, (files["figures"] / "front.png", "The fronts of all variants"))


def fronts(evidence: Evidence, points: pd.DataFrame) -> Data:
    """Gold and the second reward of every expert and soup."""
    scores, (x, y), units = scores_of(evidence), evidence.settings["rewards"], evidence.settings["units"]
    by_name, drawn = points.set_index(["method", "mixture"]), []
    for variant, (colour, marker) in STYLES.items():
        names = front_of(evidence, variant)
        found = marks(by_name.loc[names], x, y, [name for _, name in names], seeds_of(scores, names, x, y))
        drawn.append(series(variant, colour, marker, found, line="solid"))
    return chart(
        "Methods together and one by one",
        axis(f"{x} ({units[x]})", LARGER),
        axis(f"{y} ({units[y]})", LARGER),
        drawn,
        note=f"{title_of(scores).capitalize()}. λ is the weight of the first expert.",
    )
