"""Tables of the reports, and the sentence on how their intervals are computed."""

import math

import pandas as pd

from lib.statistics.intervals import ends_of


def basis(seeds: int, prompts: int) -> str:
    """How the intervals of a report are computed."""
    if seeds == 1:
        return (
            f"There is one seed of reinforcement learning. Intervals are 95 % t-intervals over {prompts} held-out\n"
            "prompts, and say nothing about what another seed would give."
        )
    return (
        f"An interval, where nothing else is said, is a 95 % t-interval over {seeds} seeds of reinforcement learning,\n"
        f"with the spread of {prompts} held-out prompts added where they count. With three seeds or fewer look at the\n"
        "seeds themselves, which the figures show as points."
    )


def as_table(table: pd.DataFrame) -> str:
    """The table in Markdown; a column with an interval is shown as `x (low to high)`."""
    return with_intervals(table).to_markdown(index=False)


def comparisons_as_table(table: pd.DataFrame) -> str:
    """The table in Markdown: a row for each pair of policies and kind of prompts, a column for each comparison."""
    index = [column for column in table if column not in ("comparison", "value", "low", "high")]
    shown = with_intervals(table).set_index([*index, "comparison"])["value"].unstack(sort=False)
    return shown.fillna("").reset_index().to_markdown(index=False)


def as_text(value: float, low: float, high: float) -> str:
    """A value with its interval, or without one where it is over seeds alone and there is one seed; nan is empty."""
    if math.isnan(value):
        return ""
    return f"{value:.3f} (one seed)" if math.isnan(low) else f"{value:.3f} ({low:.3f} to {high:.3f})"


def with_intervals(table: pd.DataFrame) -> pd.DataFrame:
    """The table with each column that has an interval as `x (low to high)`."""
    shown = pd.DataFrame(index=table.index)
    for column in table:
        low, high = ends_of(column)
        if low in table:
            shown[column.replace("_", " ")] = [as_text(*row) for row in zip(table[column], table[low], table[high])]
        elif not column.endswith(("low", "high")):
            shown[column] = table[column]
    return shown
