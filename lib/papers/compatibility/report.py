"""The part of the report on when a soup is enough."""

import pandas as pd

from lib.reporting.page import Files, Part, intervals_by, tables
from lib.reporting.tables import as_table

TEXT = """## When is a soup enough?
![What soups reach of what MORL reaches](compatibility/figures/map.png)

![Soups minus MORL](compatibility/figures/gaps.png)

"""
MEASURED = """Rewarded Soups on several pairs of rewards. *Correlation* is that of the two rewards over completions of
θ_sft. *Cross-gain* is what an expert gains on the other reward, as a share of what the other's own expert gains there,
the mean of both ways: 1 where either expert serves both rewards, 0 where they have nothing to do with each other, below
0 where they conflict. *Chord* is the reward of soups above the chord, in shares of what the experts gain.

{compatible}

What soups reach of what as many MORL policies reach, a ratio of means over seeds; 1 is as much. Hypervolume is empty
where hardly a point of MORL is above θ_sft in both rewards, and all but the correlation where an expert gains nothing
over θ_sft.

{reached}

Soups minus MORL, in shares of what the experts gain: at as many points; after as many trainings, where all soups of the
two experts stand against two MORL policies; and the user's reward at equal KL.

{gaps}"""
COLUMNS = {
    "compatible": ["correlation", "cross_gain", "chord"],
    "reached": ["utility_reached", "volume_reached"],
    "gaps": ["equal_points", "equal_compute", "equal_kl"],
}


def part(files: Files) -> Part:
    """The part, from the table map."""
    table = tables(files)["map"]
    numbers = {
        name: intervals_by("pair", table.dropna(subset=name), name) for names in COLUMNS.values() for name in names
    }
    return Part(TEXT + measured(table), {"compatibility": numbers})


def measured(table: pd.DataFrame) -> str:
    """What the measures are, and those of each pair. table: `lib.papers.compatibility.claims.tables`."""
    return MEASURED.format(**{name: as_table(columns_of(table, columns)) for name, columns in COLUMNS.items()})


def columns_of(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """The pairs with some measures and their intervals."""
    return table[["pair", *(f"{name}{end}" for name in names for end in ("", "_low", "_high"))]]
