"""Preferences between two texts: labels, and how far a proxy's probabilities can be relied on."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.statistics.intervals import Floats

BINS = 5  # of equal numbers of pairs


def first_preferred(pairs: pd.DataFrame, flipped: float) -> NDArray[np.bool_]:
    """Whether the label says that the first of two texts is better: what the gold reward says, or for a share of the
    pairs the contrary.

    pairs: `gold_first`, `gold_second`, and `draw`, uniform on 0 to 1, which is below `flipped` for a wrong label; so
    what is wrong at one share is wrong at every larger one.
    """
    by_gold = pairs["gold_first"] > pairs["gold_second"]
    return (by_gold ^ (pairs["draw"] < flipped)).to_numpy()


def preference_probability(margins: Floats) -> Floats:
    """P(first is better) = meanₖ σ(mₖ), of the K members of a proxy. margins: (pairs, K), the members' outputs for the
    first text minus those for the second, on the scale that they were trained on.
    """
    return (1 / (1 + np.exp(-margins))).mean(axis=-1)


def reliability(probability: Floats, preferred: NDArray[np.bool_]) -> pd.DataFrame:
    """How often what a proxy gives a probability is so, in bins of equal numbers of pairs.

    Each pair is told with the text that the proxy prefers as its first, so that probabilities are ½ to 1. Columns:
    `predicted`, the mean probability; `observed`, the share that the labels prefer too; `pairs`.
    """
    confidence = np.maximum(probability, 1 - probability)
    agrees = (probability > 0.5) == preferred
    bins = np.array_split(np.argsort(confidence, kind="stable"), BINS)
    rows = [(confidence[chosen].mean(), agrees[chosen].mean(), len(chosen)) for chosen in bins]
    return pd.DataFrame(rows, columns=["predicted", "observed", "pairs"])


def calibration_error(bins: pd.DataFrame) -> float:
    """The expected calibration error: Σ over bins of |observed − predicted|, weighed by their pairs."""
    return float(np.average((bins["observed"] - bins["predicted"]).abs(), weights=bins["pairs"]))
