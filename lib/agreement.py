"""Agreement of a reward with human labels that it was not trained on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu, spearmanr

from lib.intervals import interval

RESAMPLES = 1000


def auc(scores: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    """Probability that a text of the higher label scores above one of the lower; ties count half."""
    low, high = np.unique(labels)
    above, below = scores[labels == high], scores[labels == low]
    return float(mannwhitneyu(above, below).statistic / (len(above) * len(below)))


def spearman(scores: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    """Rank correlation of scores and labels."""
    return float(spearmanr(scores, labels).statistic)


def agreement(scores: Sequence[float], labels: Sequence[float]) -> dict[str, object]:
    """AUC where the labels have two values and Spearman's correlation otherwise.

    With a 95 % bootstrap interval over texts, whose generator is its own.
    """
    x, y = np.asarray(scores, dtype=float), np.asarray(labels, dtype=float)
    measure = auc if len(np.unique(y)) == 2 else spearman
    generator = np.random.default_rng(0)
    draws = generator.integers(len(x), size=(RESAMPLES, len(x)))
    low, high = interval(np.array([measure(x[draw], y[draw]) for draw in draws]))
    return {"measure": measure.__name__, "value": measure(x, y), "low": float(low), "high": float(high)}
