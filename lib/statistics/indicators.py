"""How good a front is by one number, as MORL-Baselines reports it (github.com/LucasAlegre/morl-baselines)."""

import moocore
import numpy as np
from numpy.typing import ArrayLike

PREFERENCES = 50  # of two rewards, equally spaced


def distance_to(points: ArrayLike, best: ArrayLike) -> float:
    """Inverted generational distance: the mean, over the points of `best`, of the distance to the nearest of `points`.

    Both are (n, rewards), on scales that can be compared; smaller is better.
    """
    return float(moocore.igd(np.asarray(points, dtype=float), ref=np.asarray(best, dtype=float), maximise=True))


def mean_utility(points: ArrayLike) -> float:
    """Expected utility: the mean, over preferences w, of the best point's w R₁ + (1 − w) R₂. points: (n, 2)."""
    weights = np.linspace(0, 1, PREFERENCES)
    return float((np.asarray(points, dtype=float) @ np.array([weights, 1 - weights])).max(0).mean())
