"""Which claims of WARP hold: fronts and anchors (W-1, W-5, W-6), SLERP against LERP (W-3), LITI (W-4)."""

from pathlib import Path

import pandas as pd

from lib.jobs.arguments import KeyedFiles, Output
from lib.jobs.command_line import run
from lib.papers.warp.claims import above_trajectories, anchor_table, hypervolume_table, liti_table, slerp_table
from lib.papers.warp.names import fixed_point, liti_point
from lib.statistics.along_training import read_trajectory, with_total
from lib.statistics.means import Means, front_table


def compute_claims(
    scores: list[Path],
    plane: Output,
    hypervolume: Output,
    anchors: Output,
    slerp: Output,
    liti: Output,
    trajectories: Output,
    *,
    moving: KeyedFiles,
    fixed: KeyedFiles,
    reward: dict[str, float],
    policies: list[int],
    iterations: int,
    steps: int,
    front: list[float],
    weights: list[float],
    fixed_betas: list[float],
    seeds: list[int],
    resamples: int,
) -> None:
    """scores: a file per seed. moving: training histories of the first iteration's policies, by seed. fixed: those with
    the anchor fixed at θ_sft, by β, a file per seed.
    """
    tables = [with_total(pd.read_csv(path), reward) for path in scores]
    means = Means.of(tables, ["reward", "gold", "kl"], resamples)
    merges = [(m, i) for m in sorted(policies, reverse=True) for i in range(iterations, 0, -1)]
    start = liti_point(*merges[0], 0)
    fronts = {f"M = {m}, iteration {i}": [liti_point(m, i, eta) for eta in front] for m, i in merges}
    fronts |= {f"anchor fixed at θ_sft, β = {beta:g}": [start, fixed_point(beta)] for beta in fixed_betas}
    fronts["anchor fixed at θ_sft, all β"] = [start, *map(fixed_point, fixed_betas)]
    trainings = [m * i for m, i in merges] + [iterations for _ in fixed_betas] + [iterations * len(fixed_betas)]
    moving_paths = [[read_trajectory(path, reward) for path in moving[str(seed)]] for seed in seeds]
    fixed_paths = {beta: [read_trajectory(path, reward, steps) for path in fixed[f"{beta:g}"]] for beta in fixed_betas}
    inner = [eta for eta in front if 0 < eta < 1]
    results = {
        plane: front_table(means).assign(kl_estimator=tables[0]["kl_estimator"].iloc[0]),
        hypervolume: hypervolume_table(means, fronts, [count * steps for count in trainings], start),
        anchors: anchor_table(moving_paths, fixed_paths, resamples),
        slerp: slerp_table(means, weights),
        liti: liti_table(means, merges, inner),
        trajectories: above_trajectories(
            tables, moving_paths, {eta: liti_point(max(policies), 1, eta) for eta in inner}, resamples
        ),
    }
    for path, table in results.items():
        table.to_csv(path, index=False)


if __name__ == "__main__":
    run(compute_claims)
