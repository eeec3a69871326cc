"""Reward and KL to θ_sft along training."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SMOOTH = 5  # training steps in the centred moving average
History = Sequence[Mapping[str, float]]
Trajectory = NDArray[np.float64]  # (records, 2): reward and KL to θ_sft


def read_history(path: Path) -> History:
    """The training history of a policy, an entry per step."""
    return json.loads(path.read_text())["history"]


def with_total(table: pd.DataFrame, reward: Mapping[str, float]) -> pd.DataFrame:
    """The table with the column `reward`, the weighted sum of rewards that the policies were trained on."""
    return table.assign(reward=sum(weight * table[name] for name, weight in reward.items()))


def training_records(files: Mapping[str, Sequence[Path]], seeds: Sequence[int]) -> pd.DataFrame:
    """The histories of policies, a row for each policy, seed and step. files: by policy, a file per seed."""
    tables = [
        pd.DataFrame(read_history(path)).assign(policy=policy, seed=seed)
        for policy, paths in files.items()
        for seed, path in zip(seeds, paths, strict=True)
    ]
    return pd.concat(tables, ignore_index=True)


def smoothed(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Centred moving averages of columns over SMOOTH steps; missing values are skipped. table: a row per step."""
    return table[list(columns)].astype(float).rolling(SMOOTH, min_periods=1, center=True).mean()


def trajectory(table: pd.DataFrame) -> Trajectory:
    """Moving averages of reward and KL to θ_sft, at the steps for which KL was recorded.

    table: `training_records` of one policy and seed, with `reward`.
    """
    ordered = table.sort_values("step")
    return smoothed(ordered, ["reward", "kl"])[ordered["kl"].notna()].to_numpy()


def trajectories(table: pd.DataFrame, policy: str) -> list[Trajectory]:
    """The trajectory of each seed of a policy. table: `training_records`, with `reward`."""
    chosen = table[table["policy"] == policy]
    return [trajectory(rows) for _, rows in chosen.groupby("seed")]
