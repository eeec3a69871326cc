"""Preferences between two texts: labels with noise, and the calibration of a proxy's probabilities."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BINS = 5  # of equal numbers of pairs


def first_preferred(pairs: pd.DataFrame, flipped: float) -> NDArray[np.bool_]:
    """Labels: whether the first of two texts is preferred. By the gold reward, but inverted for a fraction `flipped`.

    pairs: `gold_first`, `gold_second`, and `draw`, uniform on [0, 1]. A label is flipped if `draw` < `flipped`, so that
    a larger fraction flips the same labels and more.
    """
    by_gold = pairs["gold_first"] > pairs["gold_second"]
    return (by_gold ^ (pairs["draw"] < flipped)).to_numpy()


def preference_probability(margins: Floats) -> Floats:
    """P(first is better) = meanₖ σ(mₖ) over the K members of a proxy.

    margins: m, (pairs, K), a member's output for the first text minus that for the second, not standardised.
    """
    return (1 / (1 + np.exp(-margins))).mean(axis=-1)


def reliability(probability: Floats, preferred: NDArray[np.bool_]) -> pd.DataFrame:
    """The calibration of a proxy (reliability diagram), in bins of equally many pairs.

    Probabilities are those of the text that the proxy prefers, so that they are between ½ and 1. Columns: `predicted`,
    the mean probability; `observed`, the fraction of pairs whose label agrees; `pairs`, their number.
    """
    bins = reliability_bins(probability, preferred)
    rows = [(confidence.mean(), agrees.mean(), len(chosen)) for chosen, confidence, agrees in bins]
    return pd.DataFrame(rows, columns=["predicted", "observed", "pairs"])


def reliability_bins(
    probability: Floats, preferred: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.int64], Floats, NDArray[np.bool_]]]:
    """The pairs of each bin of `reliability`: their numbers, the probability of the text that the proxy prefers, and
    whether their label agrees. Of fewer pairs than bins, each is a bin.
    """
    confidence = np.maximum(probability, 1 - probability)
    agrees = (probability > 0.5) == preferred
    for chosen in np.array_split(np.argsort(confidence, kind="stable"), min(BINS, len(confidence))):
        yield chosen, confidence[chosen], agrees[chosen]


def calibration_error(bins: pd.DataFrame) -> float:
    """The expected calibration error: the mean of |observed − predicted| over bins, weighted by their pairs."""
    return float(np.average((bins["observed"] - bins["predicted"]).abs(), weights=bins["pairs"]))
