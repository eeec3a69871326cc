"""Reward and KL to θ_sft along training, and the difference in reward of two trainings at equal KL."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.statistics.intervals import Floats, resampled_means
from lib.statistics.means import summary

SMOOTH = 5  # training steps in the centred moving average
GRID = 101  # values of KL at which two trainings are compared
History = Sequence[Mapping[str, float]]
Trajectory = NDArray[np.float64]  # (records, 2): reward and KL to θ_sft


def with_total(table: pd.DataFrame, reward: Mapping[str, float]) -> pd.DataFrame:
    """The table with the column `reward`, the weighted sum of rewards that the policies were trained on."""
    return table.assign(reward=sum(weight * table[name] for name, weight in reward.items()))


def trajectory(history: History, reward: Mapping[str, float]) -> Trajectory:
    """Moving averages of reward and KL to θ_sft, at the steps for which KL was recorded."""
    table = with_total(pd.DataFrame(history), reward)
    return smoothed(table, ["reward", "kl"])[table["kl"].notna()].to_numpy()


def smoothed(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Centred moving averages of columns over SMOOTH steps; missing values are skipped. table: a row per step."""
    return table[list(columns)].astype(float).rolling(SMOOTH, min_periods=1, center=True).mean()


def read_history(path: Path) -> History:
    """The training history of a policy, an entry per step."""
    return json.loads(path.read_text())["history"]


def read_trajectory(path: Path, reward: Mapping[str, float], steps: int | None = None) -> Trajectory:
    """The trajectory of a policy, or that of its first `steps` steps."""
    return trajectory(read_history(path)[:steps], reward)


def reward_at_equal_kl(path: Trajectory, other: Trajectory, origin: float) -> float:
    """The largest reward of one path minus that of the other, up to the largest KL that both reached.

    origin: the reward of θ_sft, the point at KL 0 of both paths.
    """
    reached = min(path[:, 1].max(), other[:, 1].max())
    ours, theirs = (one[one[:, 1] <= reached, 0].max(initial=origin) for one in (path, other))
    return float(ours - theirs)


def mean_reward_at_equal_kl(path: Trajectory, other: Trajectory, origin: float) -> float:
    """The mean difference in reward at equal KL, over KL from 0 to the largest that both paths reached.

    A largest reward would favour the path that stays longer at small KL, because it has more records there.
    origin: the reward of θ_sft, the point at KL 0 of both paths.
    """
    grid = np.linspace(0, min(path[:, 1].max(), other[:, 1].max()), GRID)
    ours, theirs = (_at_kl(one, grid, origin) for one in (path, other))
    return float((ours - theirs).mean())


def _at_kl(path: Trajectory, kl: Floats, origin: float) -> Floats:
    """The reward when each KL was first reached, interpolated."""
    largest = np.maximum.accumulate(path[:, 1])
    is_new = np.concatenate([[path[0, 1] > 0], np.diff(largest) > 0])
    return np.interp(kl, np.concatenate([[0], largest[is_new]]), np.concatenate([[origin], path[is_new, 0]]))


def mean_start(paths: Sequence[Trajectory]) -> float:
    """The mean reward of the first records, an estimate of the reward of θ_sft, where all paths start."""
    return float(np.mean([path[0, 0] for path in paths]))


def over_seeds(values: Floats, resamples: int) -> dict[str, float]:
    """The mean of one value per seed, with its interval. With a single seed the ends of the interval are NaN."""
    if len(values) == 1:
        return {"value": float(values[0]), "low": math.nan, "high": math.nan}
    replicates = resampled_means(values[:, None], resamples)
    return summary(np.concatenate([[values.mean()], replicates]))
