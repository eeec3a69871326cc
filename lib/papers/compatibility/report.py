"""The part of the report on when a soup is enough."""

import pandas as pd

from lib.reporting.page import Files, Part, intervals_by, tables
from lib.reporting.tables import as_table

TEXT = """## When is a soup enough?
![What soups reach of what MORL reaches](compatibility/figures/map.png)

Rewarded Soups on several pairs of rewards. *Correlation* is over completions of θ_sft. *Cross-gain* is what an expert
gains on the other reward, as a share of what the other's own expert gains there, the mean of both ways: 1 where either
expert serves both rewards, 0 where they have nothing to do with each other, below 0 where they conflict. *Chord* is the
reward of soups above the chord, in shares of what the experts gain.

{compatible}

What soups reach of what as many MORL policies reach; 1 is as much. Hypervolume is empty where no point of MORL is above
θ_sft in both rewards.

{reached}

Soups minus MORL, in shares of what the experts gain: at as many points; all soups of the two experts against two MORL
policies; and the user's reward at equal KL. Nothing stands there where an expert gains nothing over θ_sft.

![Soups minus MORL](compatibility/figures/gaps.png)

{gaps}"""
PARTS = {
    "compatible": ["correlation", "cross_gain", "chord"],
    "reached": ["utility_reached", "volume_reached"],
    "gaps": ["equal_points", "equal_compute", "equal_kl"],
}


def part(files: Files) -> Part:
    """The part, from the table map."""
    table = tables(files)["map"]
    numbers = {name: intervals_by("pair", table, name) for names in PARTS.values() for name in names}
    return Part(
        TEXT.format(**{part: as_table(columns_of(table, names)) for part, names in PARTS.items()}),
        {"compatibility": numbers},
    )


def columns_of(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """The pairs with some measures and their intervals."""
    return table[["pair", *(f"{name}{end}" for name in names for end in ("", "_low", "_high"))]]
