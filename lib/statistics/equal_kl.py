"""Two policies compared at equal KL to θ_sft, on the path from θ_sft to each of them.

The path of a policy θ is (1 − η) θ_sft + η θ (LITI, WARP section 3.4), scored on held-out prompts: it is there for
every policy, whatever its training was.
"""

import numpy as np

from lib.statistics.intervals import Floats

GRID = 101  # values of KL at which two paths are compared


def reward_at(path: Floats, kl: Floats) -> Floats:
    """Reward on a path at some KL, between its points linear in √KL, along which rewards are nearly straight (Gao et
    al., arXiv 2210.10760).

    path: (points, 2), reward and KL.
    """
    ordered = path[np.argsort(path[:, 1], kind="stable")]
    return np.interp(np.sqrt(kl), np.sqrt(np.maximum(ordered[:, 1], 0)), ordered[:, 0])


def gap_at_equal_kl(path: Floats, other: Floats) -> float:
    """Mean difference in reward of two paths over KL from 0 to the largest that both reach.

    It is linear in the rewards, so that noise does not favour the path with more points or the one that ends earlier;
    the largest reward up to some KL would.
    """
    grid = np.linspace(0, min(path[:, 1].max(), other[:, 1].max()), GRID)
    return float((reward_at(path, grid) - reward_at(other, grid)).mean())
