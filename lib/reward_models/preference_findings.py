"""How well a reward that learned from preferences tells pairs apart that it has not seen."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from lib.reward_models.ensembles import aggregated
from lib.reward_models.pairs import calibration_error, preference_probability, reliability_bins
from lib.statistics.intervals import Floats
from lib.statistics.shares import share

SIDES = ("chosen", "rejected")


def held_out_findings(
    models: Sequence[pd.DataFrame], scales: Sequence[Mapping[str, list[float]]], aggregate: str, coefficient: float
) -> dict[str, Any]:
    """Accuracy of the reward and of each of its members, and its calibration, on held-out pairs that are no ties.

    models: for each model the same pairs, with columns `group`, `tie`, and each head's `chosen_k` and `rejected_k`.
    scales: each head's `mean` and `std`, by which it is standardised before members are aggregated. Equal scores count
    as wrong. The probabilities are the mean over members of σ of the difference of their outputs.
    """
    decided = [table[~table["tie"]] for table in models]
    groups = decided[0]["group"].to_numpy()
    raw = {side: np.concatenate([heads(table, side) for table in decided], axis=1) for side in SIDES}
    mean, std = (np.concatenate([scale[name] for scale in scales]) for name in ("mean", "std"))
    rewards = {side: aggregated(torch.tensor((raw[side] - mean) / std), aggregate, coefficient) for side in SIDES}
    probability = preference_probability(raw["chosen"] - raw["rejected"])
    bins = []
    for chosen, confidence, agrees in reliability_bins(probability, np.full(len(probability), True)):
        observed = share(agrees, groups[chosen])
        bins.append({"predicted": float(confidence.mean())} | observed | {"pairs": len(chosen)})
    table = pd.DataFrame(bins).rename(columns={"value": "observed"})
    return {
        "accuracy": share((rewards["chosen"] > rewards["rejected"]).numpy(), groups),
        "accuracy of members": [share(right, groups) for right in (raw["chosen"] > raw["rejected"]).T],
        "calibration error": calibration_error(table),
        "reliability": table.to_dict("records"),
        "held-out pairs": len(groups),
        "held-out prompts": len(np.unique(groups)),
    }


def heads(table: pd.DataFrame, side: str) -> Floats:
    """The output of each head for one text of each pair, (pairs, heads)."""
    return table.filter(regex=rf"^{side}_\d+$").to_numpy(dtype=float)
