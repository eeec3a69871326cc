"""Two policies compared at equal KL to θ_sft, on the path from θ_sft to each of them.

The path of a policy θ is (1 − η) θ_sft + η θ (LITI, WARP section 3.4), scored on held-out prompts: it is there for
every policy, whatever its training was.
"""

import numpy as np
from scipy.interpolate import PchipInterpolator

from lib.statistics.intervals import Floats

GRID = 101  # values of KL at which two paths are compared


def reward_at(path: Floats, kl: Floats) -> Floats:
    """Reward on a path at some KL, by a monotone cubic in √KL (PCHIP) between its points, constant beyond them.

    Along √KL rewards are nearly straight (Gao et al., arXiv 2210.10760). Straight lines would lie below a concave
    curve, the more so the farther apart the points are: two paths of one curve that end at 36 and 10 nats differed by
    .02. path: (points, 2), reward and KL. Points of the same KL are averaged.
    """
    roots, same = np.unique(np.sqrt(np.maximum(path[:, 1], 0)), return_inverse=True)
    rewards = np.bincount(same, path[:, 0]) / np.bincount(same)
    if len(roots) == 1:
        return np.full(len(kl), rewards[0])
    return PchipInterpolator(roots, rewards)(np.clip(np.sqrt(kl), roots[0], roots[-1]))


def gap_at_equal_kl(path: Floats, other: Floats) -> float:
    """Mean difference in reward of two paths over KL from 0 to the largest that both reach.

    Noise does not favour the path with more points or the one that ends earlier; the largest reward up to some KL
    would.
    """
    grid = np.linspace(0, min(path[:, 1].max(), other[:, 1].max()), GRID)
    return float((reward_at(path, grid) - reward_at(other, grid)).mean())
