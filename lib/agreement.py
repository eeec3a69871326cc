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

    With a 95 % bootstrap interval over texts, of each label apart for the AUC; its generator is its own.
    """
    x, y = np.asarray(scores, dtype=float), np.asarray(labels, dtype=float)
    two = len(np.unique(y)) == 2
    measure = auc if two else spearman
    groups = [np.flatnonzero(y == label) for label in np.unique(y)] if two else [np.arange(len(y))]
    generator = np.random.default_rng(0)
    replicates = []
    for _ in range(RESAMPLES):
        draw = np.concatenate([generator.choice(group, len(group)) for group in groups])
        replicates.append(measure(x[draw], y[draw]))
    low, high = interval(np.array(replicates))
    return {"measure": measure.__name__, "value": measure(x, y), "low": float(low), "high": float(high)}
