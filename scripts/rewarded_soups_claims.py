"""Which claims of Rewarded Soups hold: front, chord (RS-1), hypervolumes (RS-2), preferences (RS-4), balance (RS-5)."""

from pathlib import Path

import pandas as pd

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.papers.rewarded_soups.claims import (
    balance_table,
    chord_table,
    hypervolume_table,
    preference_table,
    soup_points,
)
from lib.statistics.means import Means, front_table


def compute_claims(
    scores: list[Path],
    sft: list[Path],
    front: Output,
    chord: Output,
    hypervolume: Output,
    preference: Output,
    balance: Output | None,
    *,
    columns: list[str],
    rewards: list[str],
    weights: list[float],
    preferences: list[float],
    simplex_rewards: list[str],
    resamples: int,
    start: str,
) -> None:
    """start: the θ_sft that every policy started from. simplex_rewards: three, for `balance`, or none.

    scores, sft: scores of the paper's points and of the SFT models, a file per seed, in the same order.
    """
    tables = [pd.concat([pd.read_csv(a), pd.read_csv(b)]) for a, b in zip(scores, sft, strict=True)]
    means = Means.of(tables, [*columns, "kl"], resamples)
    experts = soup_points(rewards, [0, 1])
    at_preferences = soup_points(rewards, preferences)
    soups = soup_points(rewards, weights)
    fronts = {
        "soups at the preferences": experts + at_preferences,
        "experts and MORL": experts + [("morl", mixture) for _, mixture in at_preferences],
        "experts and ensembles": experts + [("ensemble", mixture) for _, mixture in at_preferences],
        "experts alone": experts,
        "soups at all λ": soups,
    }
    table = front_table(means).assign(kl_estimator=tables[0]["kl_estimator"].iloc[0])
    table.to_csv(front, index=False)
    chord_table(means, rewards, weights).to_csv(chord, index=False)
    hypervolume_table(means, rewards, fronts, start).to_csv(hypervolume, index=False)
    preference_table(means, rewards, preferences, soups).to_csv(preference, index=False)
    if balance is not None:
        balance_table(means, simplex_rewards, start).to_csv(balance, index=False)


if __name__ == "__main__":
    run(compute_claims)
