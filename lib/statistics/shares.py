"""A share, such as an accuracy, with a 95 % interval that is sound for few observations and for shares near 0 and 1."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lib.statistics.intervals import LEVEL


def share(hits: NDArray[np.bool_], groups: NDArray[np.int64]) -> dict[str, float]:
    """`value`, `low` and `high`: the share of hits, with Wilson's interval for `independent` observations.

    hits, groups: (n,), n > 0; groups: the number of the group that an observation is in, such as its prompt.
    """
    p, n = float(hits.mean()), independent(hits, groups)
    z = stats.norm.ppf((1 + LEVEL) / 2)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return {"value": p, "low": max(0.0, float(centre - half)), "high": min(1.0, float(centre + half))}


def independent(hits: NDArray[np.bool_], groups: NDArray[np.int64]) -> float:
    """How many independent observations would tell as much: n over the design effect, which is at least 1.

    The design effect is the variance of the mean over groups by that of independent observations. Where all
    observations are equal it is unknown, and the groups are counted.
    """
    p, (_, number) = hits.mean(), np.unique(groups, return_inverse=True)
    sums = np.bincount(number, hits - p)
    count = len(sums)
    if count == 1 or p in (0, 1):
        return float(count)
    of_groups = (sums**2).sum() / len(hits) ** 2 * count / (count - 1)
    return float(len(hits) / max(1.0, of_groups / (p * (1 - p) / len(hits))))
