"""What of WARP holds here: fronts and anchors (W-1, W-5, W-6), SLERP against LERP (W-3), LITI (W-4)."""

import json
from pathlib import Path

import pandas as pd

from lib.means import Means, front_table
from lib.warp import anchor_table, hypervolume_table, liti_table, slerp_table, trajectory
from lib.warp_points import fixed_point, liti_point
from scripts.command_line import Output, run


def compute_claims(
    scores: list[Path],
    histories: list[Path],
    plane: Output,
    hypervolume: Output,
    anchors: Output,
    slerp: Output,
    liti: Output,
    *,
    reward: dict[str, float],
    policies: list[int],
    iterations: int,
    steps: int,
    front: list[float],
    weights: list[float],
    fixed_betas: list[float],
    resamples: int,
) -> None:
    """scores: a file per seed. histories: of the moving anchor and of each β, a file per seed each."""
    tables = [with_total(pd.read_csv(path), reward) for path in scores]
    means = Means.of(tables, ["reward", "kl"], resamples)
    merges = [(m, i) for m in sorted(policies, reverse=True) for i in range(iterations, 0, -1)]
    start = liti_point(*merges[0], 0)
    fronts = {f"M = {m}, iteration {i}": [liti_point(m, i, eta) for eta in front] for m, i in merges}
    fronts["anchor fixed at θ_sft, all β"] = [start, *map(fixed_point, fixed_betas)]
    paths = [trajectory(json.loads(path.read_text())["history"][:steps], reward) for path in histories]
    moving, *fixed = [paths[i : i + len(scores)] for i in range(0, len(paths), len(scores))]
    results = {
        plane: front_table(means).assign(kl_estimator=tables[0]["kl_estimator"].iloc[0]),
        hypervolume: hypervolume_table(means, fronts, start),
        anchors: anchor_table(moving, dict(zip(fixed_betas, fixed, strict=True)), resamples),
        slerp: slerp_table(means, weights),
        liti: liti_table(means, merges, [eta for eta in front if 0 < eta < 1]),
    }
    for path, table in results.items():
        table.to_csv(path, index=False)


def with_total(table: pd.DataFrame, reward: dict[str, float]) -> pd.DataFrame:
    """The scores with `reward`, the weighted sum that the policies were trained on."""
    return table.assign(reward=sum(weight * table[name] for name, weight in reward.items()))


if __name__ == "__main__":
    run(compute_claims)
