"""Scores of points by seed and group of prompts, and what is computed from them seed by seed.

A point is a policy, or a combination of policies, that was scored. Its name is a pair of method and mixture, such as
("soup", "editorial=0.7+positivity=0.3").

Longer than other modules: the scores, what is computed from them, and the tables of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib.statistics.equal_kl import gap_at_equal_kl
from lib.statistics.intervals import Floats, Sample, ends_of, intervals

PointName = tuple[str, str]
GROUPS = 20  # of prompts: as many numbers as show how much prompts vary
NAME = ["method", "mixture"]
ALONGSIDE = ["gold", "kl", "tokens", "words", "bits_per_byte"]
"""What is told of every point beside its rewards, where it is there: the gold reward, KL to θ_sft, and whether length,
choice of words or what it knew of held-out texts has changed."""


@dataclass(frozen=True)
class Scores:
    """Mean scores (seeds, groups, points, columns) of points over the prompts of each group.

    sizes: (groups,), the number of prompts. The groups are the same for all seeds and points.
    """

    seeds: list[int]
    points: list[PointName]
    columns: list[str]
    values: Floats
    sizes: Floats

    @classmethod
    def of(cls, tables: Mapping[int, pd.DataFrame], columns: Sequence[str]) -> "Scores":
        """From a table for each seed, with the columns `method`, `mixture`, `prompt` and `columns`."""
        prompts = 1 + max(table["prompt"].max() for table in tables.values())
        groups = min(GROUPS, prompts)
        rows = [table.assign(seed=seed, group=table["prompt"] % groups, prompts=1) for seed, table in tables.items()]
        keys = ["seed", *NAME, "group"]
        joined = pd.concat(rows).groupby(keys, sort=False)
        return cls.read(joined[list(columns)].mean().assign(prompts=joined["prompts"].sum()).reset_index())

    @classmethod
    def read(cls, table: pd.DataFrame) -> "Scores":
        """From what `table` makes."""
        seeds, groups = sorted(table["seed"].unique()), sorted(table["group"].unique())
        points = list(dict.fromkeys(zip(table["method"], table["mixture"])))
        columns = [column for column in table if column not in ("seed", "group", "prompts", *NAME)]
        if table[columns].isna().any(axis=None):
            raise ValueError(f"some seeds or points lack some of the columns {', '.join(columns)}")
        index = pd.MultiIndex.from_product([seeds, groups, range(len(points))])
        numbers = {point: i for i, point in enumerate(points)}
        at = [numbers[point] for point in zip(table["method"], table["mixture"])]
        ordered = table.set_index([table["seed"], table["group"], pd.Index(at)]).reindex(index)
        shape = (len(seeds), len(groups), len(points))
        values = ordered[columns].to_numpy(dtype=float).reshape(*shape, -1)
        counts = ordered["prompts"].to_numpy(dtype=float).reshape(shape)
        sizes = counts[0, :, 0]
        if not (counts == sizes[:, None]).all():  # nor is a missing one, which is NaN
            raise ValueError("the seeds have not been scored on the same points and prompts")
        return cls([int(seed) for seed in seeds], points, columns, values, sizes)

    def table(self) -> pd.DataFrame:
        """A row for each seed, point and group of prompts."""
        index = pd.MultiIndex.from_product([self.seeds, range(len(self.sizes)), range(len(self.points))])
        seed, group, number = (index.get_level_values(i) for i in range(3))
        names = {
            name: [point[i] for point in np.array(self.points, dtype=object)[number]] for i, name in enumerate(NAME)
        }
        first = pd.DataFrame({"seed": seed, **names, "group": group, "prompts": self.sizes[group].astype(int)})
        return first.join(pd.DataFrame(self.values.reshape(len(index), -1), columns=self.columns))

    @property
    def prompts(self) -> int:
        """The number of prompts."""
        return int(self.sizes.sum())

    def with_sum(self, name: str, reward: Mapping[str, float]) -> "Scores":
        """With one more column, the weighted sum of rewards."""
        total = sum(weight * self.values[..., self.columns.index(column)] for column, weight in reward.items())
        values = np.concatenate([self.values, total[..., None]], axis=-1)
        return Scores(self.seeds, self.points, [*self.columns, name], values, self.sizes)

    def at(self, points: Sequence[PointName], columns: Sequence[str]) -> Floats:
        """The values of some points and columns, (seeds, groups, points, columns)."""
        missing = [point for point in points if point not in self.points]
        if missing:
            raise ValueError(f"not scored: {', '.join(map(' '.join, missing))}")
        rows = [self.points.index(point) for point in points]
        return self.values[:, :, rows][..., [self.columns.index(column) for column in columns]]

    def sample(
        self, points: Sequence[PointName], columns: Sequence[str], statistic: Callable[[Floats], Floats] | None = None
    ) -> Sample:
        """A statistic of the means over all prompts, for each seed.

        statistic: takes the means (points, columns) and returns (k,); by default all means, point after point.
        Where it is not linear, what a group contributes is its jackknife pseudo-value, W T − (W − w) T₋ with the
        statistic T₋ without the group, and the weights w and W of the group and of all, in groups of average size.
        """
        statistic = statistic or np.ravel
        chosen, weights = self.at(points, columns), self.sizes / self.sizes.mean()
        sums, total = np.einsum("sgpc,g->spc", chosen, weights), weights.sum()
        values = np.array([statistic(one / total) for one in sums])
        if len(weights) == 1:
            return Sample(values)
        by_group = [
            [
                total * value - (total - weight) * statistic((one - weight * group) / (total - weight))
                for group, weight in zip(groups, weights)
            ]
            for one, groups, value in zip(sums, chosen, values)
        ]
        return Sample(values, np.array(by_group))

    def at_equal_kl(self, path: Sequence[PointName], other: Sequence[PointName], reward: str) -> Sample:
        """A reward on one path less that on another, at equal KL to θ_sft (`lib.statistics.equal_kl`)."""
        return self.sample(
            [*path, *other],
            [reward, "kl"],
            lambda means: np.array([gap_at_equal_kl(means[: len(path)], means[len(path) :])]),
        )

    def difference(self, first: PointName, second: PointName, columns: Sequence[str]) -> Sample:
        """The first point minus the second, in some columns, on the same seeds and prompts."""
        return self.sample([first, second], columns, lambda means: means[0] - means[1])


def summaries(sample: Sample) -> Iterator[dict[str, float]]:
    """The mean of each number with its interval: `value`, `low`, `high`."""
    for value, low, high in zip(sample.mean, *intervals(sample)):
        yield {"value": float(value), "low": float(low), "high": float(high)}


def summary(sample: Sample) -> dict[str, float]:
    """The mean of the only number with its interval."""
    [only] = summaries(sample)
    return only


def in_columns(name: str, estimate: Mapping[str, float]) -> dict[str, float]:
    """A value and its interval as columns of a table: `name`, `name_low`, `name_high`."""
    low, high = ends_of(name)
    return {name: estimate["value"], low: estimate["low"], high: estimate["high"]}


def front_table(scores: Scores, columns: Sequence[str], points: Sequence[PointName] | None = None) -> pd.DataFrame:
    """Points with the mean of each column and its interval: `positivity`, `positivity_low`, … By default all points."""
    points = scores.points if points is None else points
    table = pd.DataFrame(points, columns=NAME)
    found = list(summaries(scores.sample(points, columns)))
    for i, column in enumerate(columns):
        estimates = pd.DataFrame(in_columns(column, estimate) for estimate in found[i :: len(columns)])
        table = table.join(estimates)
    return table


def first_against_each(samples: Mapping[str, Sample], columns: Mapping[str, Sequence]) -> pd.DataFrame:
    """A row for each front's number, with the difference of the first front to it: `first_minus_this_value`, …

    columns: further columns of the table, each with a value per front, in the fronts' order.
    """
    first = next(iter(samples.values()))
    rows = []
    for i, (name, sample) in enumerate(samples.items()):
        difference = {f"first_minus_this_{key}": value for key, value in summary(first - sample).items()}
        further = {column: values[i] for column, values in columns.items()}
        rows.append({"front": name} | further | summary(sample) | difference)
    return pd.DataFrame(rows)
