"""Exact tests over seeds, several at once, and what a number of seeds can show."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from lib.statistics.intervals import LEVEL, Floats, Sample, spread

EXACT = 12  # seeds up to which all sign flips are taken; beyond, FLIPS of them are drawn
FLIPS = 4095
POWER = 0.8
MOST_SEEDS = 1000


def sign_flips(values: Floats) -> tuple[Floats, Floats]:
    """Two-sided p of the means over seeds, by flipping the signs of seeds.

    values: (seeds, k). Without an effect each seed's difference is as likely to have the other sign. Returns p (k,) of
    each number by itself, and of each among all (max-t), which holds for all of them at once. The smallest p that n
    seeds allow is 2^(1 − n).
    """
    n = len(values)
    scale = np.sqrt((values**2).mean(0))
    t = np.abs(_flips(n) @ (values / np.where(scale > 0, scale, 1))) / n
    reached = t[0] - 1e-9
    return (t >= reached).mean(0), (t.max(1, keepdims=True) >= reached).mean(0)


def _flips(seeds: int) -> Floats:
    """Signs (flips, seeds), the first all positive."""
    if seeds <= EXACT:
        return np.array(list(itertools.product([1.0, -1.0], repeat=seeds)))
    drawn = np.random.default_rng(0).choice([1.0, -1.0], (FLIPS, seeds))
    return np.concatenate([np.ones((1, seeds)), drawn])


def t_test(sample: Sample) -> float:
    """Two-sided p of the mean of the only number, over seeds and prompts; 1 where it has no spread that is known."""
    found = spread(sample)
    error, freedom = float(found.error[0]), float(found.freedom[0])
    if math.isnan(error):
        return 1.0
    return float(2 * stats.t.sf(abs(sample.mean[0]) / error, freedom)) if error else 0.0


def holm(p: Sequence[float]) -> list[float]:
    """p-values of several tests, adjusted so that the chance of any false one stays below the level (Holm, 1979)."""
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate([min(1.0, (len(p) - i) * p[j]) for i, j in enumerate(order)])
    return adjusted.tolist()


def p_can_be_small(seeds: ArrayLike, tests: int) -> NDArray[np.bool_]:
    """Whether the smallest p of sign flips, 2^(1 − n), times the number of tests is below .05."""
    return np.asarray(tests * 2.0 ** (1 - np.asarray(seeds)) < 1 - LEVEL)


def power(difference: float, error: float, freedom: float, wider: float = 1.0) -> float:
    """The chance that an interval excludes 0 where the true mean is `difference`, for a standard error.

    wider: how many times as wide as a t-interval it is, as part of a band or as one of several tests.
    """
    if not error:
        return 1.0
    bar = wider * stats.t.ppf((1 + LEVEL) / 2, freedom)
    return float(stats.nct.sf(bar, freedom, abs(difference) / error))


def detectable(error: ArrayLike, freedom: ArrayLike, wider: float = 1.0) -> Floats:
    """The true difference for which an interval excludes 0 with 80 % power, in the unit of the standard error."""
    return (wider * stats.t.ppf((1 + LEVEL) / 2, freedom) + stats.t.ppf(POWER, freedom)) * np.asarray(error)


def seeds_needed(sample: Sample, difference: float, tests: int = 1, wider: float = 1.0) -> float:
    """How many seeds would show a true difference with 80 % power, with the spread of the only number of this sample.

    So many that 2^(1 − n), adjusted for the number of tests, is below .05 as well. Infinite if more seeds cannot: then
    the prompts alone spread too much. Where they spread much, it is a little too many: degrees of freedom are those of
    the seeds.
    """
    found, n = spread(sample), sample.seeds
    if n == 1:
        return math.nan
    of_seeds, of_prompts, counts = float(found.seeds[0]) * n, float(found.prompts[0]), np.arange(2, MOST_SEEDS + 1)
    shown = detectable(np.sqrt(of_seeds / counts + of_prompts), counts - 1, wider) <= abs(difference)
    enough = shown & p_can_be_small(counts, tests)
    return float(counts[enough.argmax()]) if enough.any() else math.inf
