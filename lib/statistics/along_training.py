"""Reward and KL to θ_sft along the training of a policy, and what one training has over another at equal KL."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.statistics.intervals import Floats, resampled_means
from lib.statistics.means import summary

SMOOTH = 5  # steps of training, centred on a record, that a point of a trajectory is the mean of
GRID = 101  # values of KL at which two trainings are compared
History = Sequence[Mapping[str, float]]
Trajectory = NDArray[np.float64]  # (records, 2): reward and KL to θ_sft


def with_total(table: pd.DataFrame, reward: Mapping[str, float]) -> pd.DataFrame:
    """A table of rewards with `reward`, the weighted sum that the policies were trained on."""
    return table.assign(reward=sum(weight * table[name] for name, weight in reward.items()))


def trajectory(history: History, reward: Mapping[str, float]) -> Trajectory:
    """Reward and KL to θ_sft along training, where KL was recorded, each the mean of what is known of SMOOTH steps."""
    table = with_total(pd.DataFrame(history), reward)
    return smoothed(table, ["reward", "kl"])[table["kl"].notna()].to_numpy()


def smoothed(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Columns of a history, a row per step, each the mean of what is known of SMOOTH steps."""
    return table[list(columns)].astype(float).rolling(SMOOTH, min_periods=1, center=True).mean()


def read_history(path: Path) -> History:
    """A policy's training history, an entry per step."""
    return json.loads(path.read_text())["history"]


def read_trajectory(path: Path, reward: Mapping[str, float], steps: int | None = None) -> Trajectory:
    """`trajectory` of a policy's training history, or of its first steps."""
    return trajectory(read_history(path)[:steps], reward)


def reward_at_equal_kl(path: Trajectory, other: Trajectory, origin: float) -> float:
    """The best reward of one minus that of the other, up to the largest KL that both have come to.

    origin: the reward of θ_sft, which is at no KL and counts for both.
    """
    reached = min(path[:, 1].max(), other[:, 1].max())
    ours, theirs = (one[one[:, 1] <= reached, 0].max(initial=origin) for one in (path, other))
    return float(ours - theirs)


def mean_reward_at_equal_kl(path: Trajectory, other: Trajectory, origin: float) -> float:
    """What one has over the other at the same KL, on average over KL from 0 to the largest that both have come to.

    A mean and no largest value, which the one that stays longer at small KL would have more records to find.
    origin: the reward of θ_sft, which is at no KL and counts for both.
    """
    grid = np.linspace(0, min(path[:, 1].max(), other[:, 1].max()), GRID)
    ours, theirs = (_at_kl(one, grid, origin) for one in (path, other))
    return float((ours - theirs).mean())


def _at_kl(path: Trajectory, kl: Floats, origin: float) -> Floats:
    """The reward when a KL was first come to."""
    order = np.maximum.accumulate(path[:, 1])
    new = np.concatenate([[path[0, 1] > 0], np.diff(order) > 0])
    return np.interp(kl, np.concatenate([[0], order[new]]), np.concatenate([[origin], path[new, 0]]))


def mean_start(paths: Sequence[Trajectory]) -> float:
    """The mean reward of the first records: what θ_sft has, where all of them began."""
    return float(np.mean([path[0, 0] for path in paths]))


def over_seeds(values: Floats, resamples: int) -> dict[str, float]:
    """The mean of one value per seed, with its interval, of which one seed says nothing: its ends are NaN."""
    if len(values) == 1:
        return {"value": float(values[0]), "low": math.nan, "high": math.nan}
    replicates = resampled_means(values[:, None], resamples)
    return summary(np.concatenate([[values.mean()], replicates]))
