"""The claims of WARP (arXiv 2406.16768), computed from scores, training histories and weights.

The points are those of `lib.papers.warp.names`. A front lies in the plane of reward and KL to θ_sft; more reward and
less KL are better.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lib.papers.warp.names import between_point, liti_point
from lib.statistics.along_training import Trajectory, mean_start, over_seeds, reward_at_equal_kl
from lib.statistics.fronts import hypervolume
from lib.statistics.intervals import Floats
from lib.statistics.means import Means, PointName, first_against_each, summary

PLANE = ["reward", "kl"]


def volumes(plane: Floats, origin: Floats, widest: float) -> Floats:
    """Hypervolume (1 + resamples,) in reward times nats, of points (1 + resamples, points, 2) of reward and KL.

    It is bounded by the reward of θ_sft, `origin` (1 + resamples,), and by the KL `widest`.
    """
    upwards = plane * np.array([1.0, -1.0])
    return np.array([hypervolume(points, [start, -widest]) for points, start in zip(upwards, origin)])


def hypervolume_table(
    means: Means, fronts: Mapping[str, Sequence[PointName]], steps: Sequence[int], start: PointName
) -> pd.DataFrame:
    """W-1, W-5 and W-6: hypervolumes of named fronts in the KL–reward plane, and the first minus each.

    steps: of RL that each front has cost, per seed. The largest KL of any point bounds the hypervolume of all fronts.
    """
    planes = {name: means.at(points, PLANE) for name, points in fronts.items()}
    widest = max(plane[0, :, 1].max() for plane in planes.values())
    origin = means.at([start], PLANE)[:, 0, 0]
    by_front = {name: volumes(plane, origin, widest) for name, plane in planes.items()}
    return first_against_each(by_front, {"points": [len(points) for points in fronts.values()], "steps of RL": steps})


def slerp_table(means: Means, weights: Sequence[float]) -> pd.DataFrame:
    """W-3: at each inner λ, SLERP against LERP and the better end in reward, both against the ends in KL."""
    ends = means.at([between_point("slerp", weight) for weight in (0, 1)], PLANE)
    rows = []
    for weight in [weight for weight in weights if 0 < weight < 1]:
        slerp, lerp = (means.at([between_point(m, weight)], PLANE)[:, 0] for m in ("slerp", "lerp"))
        comparisons = {
            "reward of SLERP − LERP": slerp[:, 0] - lerp[:, 0],
            "reward of SLERP − better end": slerp[:, 0] - ends[..., 0].max(1),
            "KL of SLERP − mean of the ends": slerp[:, 1] - ends[..., 1].mean(1),
            "KL of LERP − mean of the ends": lerp[:, 1] - ends[..., 1].mean(1),
        }
        rows += [{"weight": weight, "comparison": name} | summary(value) for name, value in comparisons.items()]
    return pd.DataFrame(rows)


def liti_table(means: Means, ends: Sequence[tuple[int, int]], etas: Sequence[float]) -> pd.DataFrame:
    """W-4: at each inner η, reward above the chord (concave where positive) and KL below it (convex where positive).

    ends: (M, iteration) of the merges at which the fronts end.
    """
    rows = []
    for policies, iteration in ends:
        plane = means.at([liti_point(policies, iteration, eta) for eta in (0, *etas, 1)], PLANE)
        for i, eta in enumerate(etas, 1):
            margin = plane[:, i] - (1 - eta) * plane[:, 0] - eta * plane[:, -1]
            if 0 < eta < 1:
                name = {"policies": policies, "iteration": iteration, "eta": eta}
                rows.append(name | {"comparison": "reward above the chord"} | summary(margin[:, 0]))
                rows.append(name | {"comparison": "KL below the chord"} | summary(-margin[:, 1]))
    return pd.DataFrame(rows)


def anchor_table(
    moving: Sequence[Sequence[Trajectory]], fixed: Mapping[float, Sequence[Trajectory]], resamples: int
) -> pd.DataFrame:
    """W-1: training with the moving anchor minus training with the anchor fixed at θ_sft.

    Hypervolume: bounded, for all trajectories alike, by the mean reward of their first records and their largest KL.
    Reward at equal KL: the best up to the largest KL that both trajectories reach.

    moving: for each seed the trajectories of its policies, over which the difference is averaged. fixed: for each β a
    trajectory per seed. Intervals are over seeds alone.
    """
    trajectories = [path for paths in (*moving, *fixed.values()) for path in paths]
    origin = mean_start(trajectories)
    widest = max(float(path[:, 1].max()) for path in trajectories)

    def volume(path: Trajectory) -> float:
        return float(volumes(path[None], np.array([origin]), widest)[0])

    rows = []
    for beta, by_seed in fixed.items():
        pairs = [[(path, other) for path in paths] for paths, other in zip(moving, by_seed, strict=True)]
        comparisons = {
            "hypervolume": lambda path, other: volume(path) - volume(other),
            "best reward at equal KL": lambda path, other: reward_at_equal_kl(path, other, origin),
        }
        for name, margin in comparisons.items():
            margins = np.array([np.mean([margin(*pair) for pair in seed_pairs]) for seed_pairs in pairs])
            rows.append({"beta": beta, "comparison": name} | over_seeds(margins, resamples))
    return pd.DataFrame(rows)


def above_trajectories(
    scores: Sequence[pd.DataFrame],
    training: Sequence[Sequence[Trajectory]],
    points: Mapping[float, PointName],
    resamples: int,
) -> pd.DataFrame:
    """W-4: held-out reward of a LITI front minus the reward during training at the same KL to θ_sft.

    scores: a table per seed. training: for each seed the policies whose merge is the front's end. points: of the front
    by η. The reward during training is interpolated between records and averaged over the policies that reach that KL.
    Intervals are over seeds alone.
    """
    rows = []
    for eta, (method, name) in points.items():
        margins = []
        for table, paths in zip(scores, training, strict=True):
            reward, kl = table.loc[(table["method"] == method) & (table["mixture"] == name), PLANE].mean()
            ordered = [path[np.argsort(path[:, 1])] for path in paths]
            reached = [np.interp(kl, path[:, 1], path[:, 0]) for path in ordered if path[-1, 1] >= kl]
            margins.append(reward - np.mean(reached) if reached else np.nan)
        rows.append({"eta": eta} | over_seeds(np.array(margins), resamples))
    return pd.DataFrame(rows)
