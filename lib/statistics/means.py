"""Means of scores with their bootstrap samples: what the tables of every paper are computed from.

A point is what was scored: a pair of method and name, such as ("soup", "editorial=0.7+positivity=0.3").
Every statistic has a leading axis of 1 + resamples: first its value on the data as it is, then
on each bootstrap sample (`lib.statistics.intervals`).
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
        """From one table per seed, with `method`, `mixture`, `prompt` and the columns, all of equal shape."""
        tables = [table.sort_values(["method", "mixture", "prompt"], kind="stable") for table in scores]
        points = list(dict.fromkeys(zip(tables[0]["method"], tables[0]["mixture"])))
        arrays = [table[list(columns)].to_numpy().reshape(len(points), -1, len(columns)) for table in tables]
        data = np.stack(arrays).swapaxes(1, 2)
        replicates = resampled_means(data, resamples)
        return cls(points, list(columns), np.concatenate([data.mean((0, 1))[None], replicates]))

    def at(self, points: Sequence[PointName], columns: Sequence[str]) -> Floats:
        """(1 + resamples, points, columns) of the points and columns that are asked for."""
        rows = [self.points.index(point) for point in points]
        return self.values[:, rows][:, :, [self.columns.index(column) for column in columns]]


def over(means: Means, baselines: Mapping[PointName, PointName], columns: Sequence[str]) -> Means:
    """What points have in some columns over another point each, on the same seeds and prompts."""
    points = list(baselines)
    return Means(points, list(columns), means.at(points, columns) - means.at(list(baselines.values()), columns))


def summary(statistic: Floats) -> dict[str, float]:
    """Value and 95 % interval of a statistic (1 + resamples,)."""
    low, high = interval(statistic[1:])
    return {"value": float(statistic[0]), "low": float(low), "high": float(high)}


def in_columns(name: str, told: Mapping[str, float]) -> dict[str, float]:
    """A value and its interval as columns of a table: `name`, `name_low`, `name_high`."""
    low, high = ends_of(name)
    return {name: told["value"], low: told["low"], high: told["high"]}


def differences(
    means: Means, first: PointName, second: PointName, names: Mapping[str, str]
) -> list[tuple[str, dict[str, float]]]:
    """The first point minus the second in some columns. names: of the columns, as they are told."""
    values = over(means, {first: second}, list(names)).values[:, 0]
    return [(name, summary(values[:, i])) for i, name in enumerate(names.values())]


def first_against_each(statistics: Mapping[str, Floats], columns: Mapping[str, Sequence]) -> pd.DataFrame:
    """A row for the statistic of each named front, with what the first front has over it: `first_minus_this_value`, …

    columns: what else is told of the fronts, by column, in their order.
    """
    first = next(iter(statistics.values()))
    rows = []
    for i, (name, statistic) in enumerate(statistics.items()):
        difference = {f"first_minus_this_{key}": value for key, value in summary(first - statistic).items()}
        told = {column: values[i] for column, values in columns.items()}
        rows.append({"front": name} | told | summary(statistic) | difference)
    return pd.DataFrame(rows)


def over_chord(
    means: Means, between: Mapping[float, PointName], ends: Sequence[PointName], columns: Sequence[str]
) -> pd.DataFrame:
    """What points between two ends have over the chord, a row for each point and column.

    between: by `weight`, that of the first of the two ends.
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
