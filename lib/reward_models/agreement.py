"""Agreement of a reward with human labels that it was not trained on."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu, spearmanr

Floats = NDArray[np.float64]
RESAMPLES = 1000
ENDS = (0.025, 0.975)  # of the interval


def auc(scores: Floats, labels: Floats) -> float:
    """The probability that a text with the higher label scores above one with the lower label; ties count half."""
    low, high = np.unique(labels)
    above, below = scores[labels == high], scores[labels == low]
    return float(mannwhitneyu(above, below).statistic / (len(above) * len(below)))


def spearman(scores: Floats, labels: Floats) -> float:
    """Rank correlation of scores and labels."""
    return float(spearmanr(scores, labels).statistic)


def measure_for(labels: Floats) -> Callable[[Floats, Floats], float]:
    """AUC if the labels have two values, Spearman's correlation otherwise."""
    return auc if len(np.unique(labels)) == 2 else spearman


def agreement(scores: Sequence[float], labels: Sequence[float]) -> dict[str, object]:
    """The measure of agreement, with a 95 % bootstrap interval over texts (for the AUC stratified by label).

    The random generator is local.
    """
    x, y = np.asarray(scores, dtype=float), np.asarray(labels, dtype=float)
    measure = measure_for(y)
    groups = [np.flatnonzero(y == label) for label in np.unique(y)] if measure is auc else [np.arange(len(y))]
    generator = np.random.default_rng(0)
    replicates = []
    for _ in range(RESAMPLES):
        draw = np.concatenate([generator.choice(group, len(group)) for group in groups])
        replicates.append(measure(x[draw], y[draw]))
    low, high = np.quantile(replicates, ENDS)
    return {"measure": measure.__name__, "value": measure(x, y), "low": float(low), "high": float(high)}


def report_agreement(
    report: Path, score: Callable[[Sequence[str]], Sequence[float]], train: pd.DataFrame, held_out: pd.DataFrame
) -> None:
    """Writes and prints the agreement of scores with the labels of held-out texts."""
    findings = agreement(score(list(held_out["text"])), list(held_out["label"]))
    findings |= {"texts": {"train": len(train), "validation": len(held_out)}}
    print(f"agreement with the human labels of the validation split: {findings}")
    report.write_text(json.dumps(findings, indent=2) + "\n")
