"""Mean scores with their bootstrap samples, from which the tables of all papers are computed.

A point is a policy, or a combination of policies, that was scored. Its name is a pair of method and mixture, such as
("soup", "editorial=0.7+positivity=0.3"). Every statistic has a leading axis of 1 + resamples: first its value on the
data, then its values on the bootstrap samples (`lib.statistics.intervals`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib.statistics.fronts import chord_margin
from lib.statistics.intervals import Floats, ends_of, interval, resampled_means

PointName = tuple[str, str]


@dataclass(frozen=True)
class Means:
    """Mean rewards and KL of points, over seeds and prompts: values (1 + resamples, points, columns)."""

    points: list[PointName]
    columns: list[str]
    values: Floats

    @classmethod
    def of(cls, scores: Sequence[pd.DataFrame], columns: Sequence[str], resamples: int) -> "Means":
        """From a table per seed, of equal shape, with the columns `method`, `mixture`, `prompt` and `columns`."""
        tables = [table.sort_values(["method", "mixture", "prompt"], kind="stable") for table in scores]
        points = list(dict.fromkeys(zip(tables[0]["method"], tables[0]["mixture"])))
        arrays = [table[list(columns)].to_numpy().reshape(len(points), -1, len(columns)) for table in tables]
        data = np.stack(arrays).swapaxes(1, 2)
        replicates = resampled_means(data, resamples)
        return cls(points, list(columns), np.concatenate([data.mean((0, 1))[None], replicates]))

    def at(self, points: Sequence[PointName], columns: Sequence[str]) -> Floats:
        """The values of some points and columns, (1 + resamples, points, columns)."""
        rows = [self.points.index(point) for point in points]
        return self.values[:, rows][:, :, [self.columns.index(column) for column in columns]]


def over(means: Means, baselines: Mapping[PointName, PointName], columns: Sequence[str]) -> Means:
    """Each point minus its baseline, in some columns and on the same seeds and prompts."""
    points = list(baselines)
    return Means(points, list(columns), means.at(points, columns) - means.at(list(baselines.values()), columns))


def summary(statistic: Floats) -> dict[str, float]:
    """Value and 95 % interval of a statistic (1 + resamples,)."""
    low, high = interval(statistic[1:])
    return {"value": float(statistic[0]), "low": float(low), "high": float(high)}


def in_columns(name: str, estimate: Mapping[str, float]) -> dict[str, float]:
    """A value and its interval as columns of a table: `name`, `name_low`, `name_high`."""
    low, high = ends_of(name)
    return {name: estimate["value"], low: estimate["low"], high: estimate["high"]}


def differences(
    means: Means, first: PointName, second: PointName, names: Mapping[str, str]
) -> list[tuple[str, dict[str, float]]]:
    """The first point minus the second. names: of the columns to compare, each with the name that it gets."""
    values = over(means, {first: second}, list(names)).values[:, 0]
    return [(name, summary(values[:, i])) for i, name in enumerate(names.values())]


def first_against_each(statistics: Mapping[str, Floats], columns: Mapping[str, Sequence]) -> pd.DataFrame:
    """A row for each front's statistic, with the difference of the first front to it: `first_minus_this_value`, …

    columns: further columns of the table, each with a value per front, in the fronts' order.
    """
    first = next(iter(statistics.values()))
    rows = []
    for i, (name, statistic) in enumerate(statistics.items()):
        difference = {f"first_minus_this_{key}": value for key, value in summary(first - statistic).items()}
        further = {column: values[i] for column, values in columns.items()}
        rows.append({"front": name} | further | summary(statistic) | difference)
    return pd.DataFrame(rows)


def over_chord(
    means: Means, between: Mapping[float, PointName], ends: Sequence[PointName], columns: Sequence[str]
) -> pd.DataFrame:
    """The height of points above the chord between two ends (`chord_margin`), a row for each point and column.

    between: the points, by the weight of the first end.
    """
    weights = np.array([[weight, 1 - weight] for weight in between])
    points, at_ends = means.at(list(between.values()), columns), means.at(ends, columns)
    margins = np.array([chord_margin(p, e, weights) for p, e in zip(points, at_ends)])
    return pd.DataFrame(
        {"weight": weight, "reward": column} | summary(margins[:, i, j])
        for i, weight in enumerate(between)
        for j, column in enumerate(columns)
    )


def front_table(means: Means) -> pd.DataFrame:
    """Every point with the mean of each column and its interval: `positivity`, `positivity_low`, …"""
    low, high = interval(means.values[1:])
    table = pd.DataFrame(means.points, columns=["method", "mixture"])
    for i, column in enumerate(means.columns):
        table[column] = means.values[0, :, i]
        table[f"{column}_low"], table[f"{column}_high"] = low[:, i], high[:, i]
    return table
