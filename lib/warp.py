"""The claims of WARP (arXiv 2406.16768), computed from scores, training histories and weights.

The points are those of `lib.warp_points`. A front lies in the plane of reward and KL to
θ_sft: more reward is better, and less KL.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.fronts import hypervolume
from lib.intervals import resampled_means
from lib.means import Floats, Means, Point, summary
from lib.warp_points import between_point, liti_point

PLANE = ["reward", "kl"]
SMOOTH = 5  # steps of training that a point of a trajectory is the mean of


def volumes(plane: Floats, origin: Floats, widest: float) -> Floats:
    """Hypervolume (1 + resamples,) of points (1 + resamples, points, 2) of reward and KL, in reward times nats:
    above the reward of θ_sft, `origin` (1 + resamples,), and below the KL `widest`.
    """
    upwards = plane * np.array([1.0, -1.0])
    return np.array([hypervolume(points, [start, -widest]) for points, start in zip(upwards, origin)])


def hypervolume_table(means: Means, fronts: Mapping[str, Sequence[Point]], start: Point) -> pd.DataFrame:
    """W-1, W-5 and W-6: hypervolumes of named fronts in the KL–reward plane, and what the first has over each.

    The plane ends at the largest KL of any of the points, the same for all fronts.
    """
    planes = {name: means.at(points, PLANE) for name, points in fronts.items()}
    widest = max(plane[0, :, 1].max() for plane in planes.values())
    origin = means.at([start], PLANE)[:, 0, 0]
    found = {name: volumes(plane, origin, widest) for name, plane in planes.items()}
    first = next(iter(found.values()))
    return pd.DataFrame(
        {"front": name, "points": len(fronts[name])}
        | summary(volume)
        | {f"first_minus_this_{key}": value for key, value in summary(first - volume).items()}
        for name, volume in found.items()
    )


def slerp_table(means: Means, weights: Sequence[float]) -> pd.DataFrame:
    """W-3: what SLERP has over LERP in reward and KL at each inner λ, and over the better end in reward."""
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

    ends: (M, iteration) of the merges that the fronts slide to.
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


def trajectory(history: Sequence[Mapping[str, float]], reward: Mapping[str, float]) -> NDArray[np.float64]:
    """(records, 2): reward and KL to θ_sft along training, where KL was recorded, each the mean of SMOOTH steps."""
    table = pd.DataFrame(history)
    table["reward"] = sum(weight * table[name] for name, weight in reward.items())
    smooth = table[["reward", "kl_to_reference"]].rolling(SMOOTH, min_periods=1).mean()
    return smooth[table["kl_to_reference"].notna()].to_numpy()


def anchor_table(
    moving: Sequence[NDArray[np.float64]], fixed: Mapping[float, Sequence[NDArray[np.float64]]], resamples: int
) -> pd.DataFrame:
    """W-1: hypervolume of the training trajectories with the moving anchor, minus that with the anchor fixed at θ_sft.

    A trajectory per seed; each starts at θ_sft, whose reward and the largest KL of all bound the plane.
    The intervals are over seeds alone.
    """
    widest = max(float(np.nanmax(path[:, 1])) for paths in (moving, *fixed.values()) for path in paths)
    rows = []
    for beta, paths in fixed.items():
        difference = np.array(
            [
                [float(np.subtract(*(volumes(path[None], path[None, 0, 0], widest)[0] for path in pair)))]
                for pair in zip(moving, paths, strict=True)
            ]
        )
        replicates = resampled_means(difference, resamples)
        rows.append({"beta": beta} | summary(np.concatenate([difference.mean()[None], replicates])))
    return pd.DataFrame(rows)
