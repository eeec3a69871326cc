"""Fronts of policies. A point has one coordinate per reward, and larger is better on each."""

import moocore
import numpy as np
from numpy.typing import ArrayLike, NDArray


def non_dominated(points: ArrayLike) -> NDArray[np.bool_]:
    """Which of the points (n, rewards) no other point dominates. Equal points are all kept."""
    return moocore.is_nondominated(np.asarray(points, dtype=float), maximise=True, keep_weakly=True)


def hypervolume(points: ArrayLike, reference: ArrayLike) -> float:
    """Volume that the points (n, rewards) dominate above the reference point (rewards,).

    In the product of the rewards' units; points that do not exceed the reference add nothing.
    """
    points = np.asarray(points, dtype=float)
    if len(points) == 0:
        return 0.0
    return float(moocore.hypervolume(points, ref=np.asarray(reference, dtype=float), maximise=True))


def is_flat(points: ArrayLike, spread: ArrayLike, share: float = 0.01) -> bool:
    """Whether points (n, rewards) differ in no reward by more than a share of its spread (rewards,)."""
    spans = np.ptp(np.asarray(points, dtype=float), axis=0)
    return bool((spans <= share * np.asarray(spread, dtype=float)).all())


def chord_margin(soups: ArrayLike, experts: ArrayLike, weights: ArrayLike) -> NDArray[np.float64]:
    """R(Σᵢ λᵢ θᵢ) − Σᵢ λᵢ R(θᵢ): how far a soup lies above the chord between the experts.

    Linear mode connectivity says that it is at least 0 (Rewarded Soups, section 2).
    soups: (points, rewards); experts: (N, rewards); weights: (points, N), rows on the simplex.
    Returns (points, rewards), in the rewards' units.
    """
    return np.asarray(soups, dtype=float) - np.asarray(weights, dtype=float) @ np.asarray(experts, dtype=float)
