"""What a claim says of its numbers, and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from lib.statistics.intervals import Sample, spread
from lib.statistics.significance import sign_flips, t_test


class Kind(Enum):
    """What a claim says of its numbers, for all of them: more than 0, not less than 0, or as good as 0."""

    MORE = "more"
    AT_LEAST = "at least as much"
    EQUAL = "as good as 0"


@dataclass(frozen=True)
class Comparison:
    """The numbers that a claim is about, for each seed, and what each of them is of, such as a λ."""

    sample: Sample
    at: Sequence[str]
    kind: Kind
    margin: float

    @property
    def bound(self) -> float:
        """What the numbers are held against: a claim of "at least as much" allows the margin."""
        return -self.margin if self.kind is Kind.AT_LEAST else 0.0


def weakest_of(comparison: Comparison) -> int:
    """The number that is least for the claim: in standard errors, farthest beyond its bound or nearest to it."""
    mean, error = comparison.sample.mean, np.nan_to_num(spread(comparison.sample).error)
    room = comparison.margin - np.abs(mean) if comparison.kind is Kind.EQUAL else mean - comparison.bound
    return int(np.argmin(room / np.where(error > 0, error, 1e-12)))


def p_of(comparison: Comparison) -> float:
    """p of the comparison: by exact sign flips over seeds, or by a t-test that counts prompts, the larger of the two.

    Sign flips ask whether other seeds would say the same on these prompts, the t-test on others as well.

    That all numbers lie on the claimed side is as sure as the least sure of them. That one lies on the other side is
    tested among all (max-t). "Equal" asks of each number that it is above the lower and below the upper margin.
    """
    sample, margin, weakest = comparison.sample, comparison.margin, weakest_of(comparison)
    values, mean = sample.values, sample.mean
    side = np.where(mean < 0, -1.0, 1.0)
    nearest = margin * side[weakest] if comparison.kind is Kind.EQUAL else comparison.bound
    if comparison.kind is not Kind.EQUAL:
        alone, among_all = sign_flips(values - nearest)
        flipped = alone.max() if (mean > nearest).all() else among_all[weakest]
    elif (np.abs(mean) < margin).all():
        flipped = max(sign_flips(values + margin)[0].max(), sign_flips(values - margin)[0].max())
    else:
        flipped = sign_flips(values - margin * side)[1][weakest]
    return float(max(flipped, t_test(sample[[weakest]].minus(nearest))))
