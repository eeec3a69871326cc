"""95 % intervals of a mean over seeds, by itself or for several numbers at once. The seed is the unit.

With y_sg = μ + a_s + b_g + e_sg, the number of seed s on group g of prompts, the variance of the mean is
σ_a²/n + σ_b²/G + σ_e²/(n G). A t-interval over seeds estimates the first and the last term; the prompts, which all
seeds share, add the second. The squares of the two parts' half-widths add up, each with the t of its own degrees of
freedom. (Satterthwaite's degrees of freedom of the sum are too many where two seeds happen to agree: coverage falls to
88 %.)

Longer than other modules: the variance of a mean, and both kinds of interval that it gives.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import stdtridf

Floats = NDArray[np.float64]
LEVEL = 0.95
PROMPTS_COUNT = 0.75
"""Prompts are counted where their mean square exceeds this quantile of its distribution without an effect of prompts.
Always counting them makes intervals too wide where there is none; benchmarks/coverage.py has the coverage."""
DRAWS = 4000  # of the largest |t|, for its quantile
MOST_FREEDOM = 40  # degrees of freedom beyond which t is taken as normal in those draws


@dataclass(frozen=True)
class Sample:
    """One or several numbers per seed, and how prompts contribute to them.

    values: (seeds, k). by_group: (seeds, groups, k), the numbers on each group of prompts, whose mean is about
    `values`; None where the numbers do not come from held-out prompts.
    """

    values: Floats
    by_group: Floats | None = None

    def __sub__(self, other: "Sample") -> "Sample":
        return self._with(other, np.subtract)

    def __add__(self, other: "Sample") -> "Sample":
        return self._with(other, np.add)

    def _with(self, other: "Sample", operation: np.ufunc) -> "Sample":
        both = self.by_group is not None and other.by_group is not None
        groups = operation(self.by_group, other.by_group) if both else None
        return Sample(operation(self.values, other.values), groups)

    def scaled(self, factors: Floats | float) -> "Sample":
        """Each number times a factor."""
        groups = None if self.by_group is None else self.by_group * factors
        return Sample(self.values * factors, groups)

    def minus(self, constants: Floats | float) -> "Sample":
        """Each number less a constant."""
        groups = None if self.by_group is None else self.by_group - constants
        return Sample(self.values - constants, groups)

    def __getitem__(self, chosen) -> "Sample":
        groups = None if self.by_group is None else self.by_group[..., chosen]
        return Sample(self.values[..., chosen], groups)

    @property
    def seeds(self) -> int:
        """How many seeds there are."""
        return len(self.values)

    @property
    def mean(self) -> Floats:
        """The means over seeds, (k,)."""
        return self.values.mean(0)


def side_by_side(samples: list[Sample]) -> Sample:
    """The numbers of several samples of the same seeds as one sample."""
    groups = [sample.by_group for sample in samples]
    joined = None if any(group is None for group in groups) else np.concatenate(groups, axis=-1)
    return Sample(np.concatenate([sample.values for sample in samples], axis=1), joined)


@dataclass(frozen=True)
class Spread:
    """Variances of the means over seeds, (k,): the part that more seeds make smaller, and the part of the prompts.

    freedom: the degrees of freedom whose t makes the interval of the sum. With one seed all is the part of the prompts,
    or NaN where there are none.
    """

    seeds: Floats
    prompts: Floats
    freedom: Floats

    @property
    def error(self) -> Floats:
        """The standard errors."""
        return np.sqrt(self.seeds + self.prompts)


def spread(sample: Sample) -> Spread:
    """The variance of a sample's means, in parts."""
    n, k = sample.values.shape
    between = np.full(k, np.nan) if n == 1 else sample.values.var(0, ddof=1) / n
    if sample.by_group is None:
        return Spread(between, np.zeros(k), np.full(k, max(n - 1, 1), dtype=float))
    groups = sample.by_group.shape[1]
    by_prompts = sample.by_group.mean(0)
    if n == 1:
        return Spread(np.zeros(k), by_prompts.var(0, ddof=1) / groups, np.full(k, groups - 1.0))
    rest = sample.by_group - sample.by_group.mean(1, keepdims=True) - by_prompts + by_prompts.mean(0)
    freedom = (n - 1) * (groups - 1)
    of_groups, of_rest = by_prompts.var(0, ddof=1) / groups, (rest**2).sum((0, 1)) / freedom / (n * groups)
    bar = stats.f.ppf(PROMPTS_COUNT, groups - 1, freedom)
    count = of_groups > bar * of_rest
    prompts = np.where(count, of_groups - of_rest, 0.0)
    return Spread(between, prompts, joint_freedom([between, prompts], [n - 1, groups - 1]))


def joint_freedom(variances: list[Floats], freedom: list[int]) -> Floats:
    """Degrees of freedom f with t_f² Σᵢ vᵢ = Σᵢ t_fᵢ² vᵢ, for variances v (k,) of fᵢ degrees of freedom each."""
    t = stats.t.ppf((1 + LEVEL) / 2, freedom)
    total = np.sum(variances, axis=0)
    half = np.sqrt(np.tensordot(t**2, np.array(variances), 1))
    t_of_sum = np.divide(half, np.sqrt(total), out=np.full(total.shape, t[0]), where=total > 0)
    return np.clip(stdtridf((1 + LEVEL) / 2, t_of_sum), min(freedom), sum(freedom))


def intervals(sample: Sample) -> tuple[Floats, Floats]:
    """The ends of a t-interval of each mean, (k,). Both are NaN with one seed and no prompts."""
    found = spread(sample)
    half = stats.t.ppf((1 + LEVEL) / 2, found.freedom) * found.error
    return sample.mean - half, sample.mean + half


class Band(NamedTuple):
    """Intervals that contain all true means at once, in 95 % of samples (max-t): their ends (k,), and the t of all."""

    low: Floats
    high: Floats
    t: float


def band(sample: Sample) -> Band:
    """The intervals of several numbers that hold for all at once."""
    found = spread(sample)
    t = largest_t(sample, found)
    return Band(sample.mean - t * found.error, sample.mean + t * found.error, t)


def largest_t(sample: Sample, found: Spread) -> float:
    """The 95 % quantile of the largest |t| of a sample's numbers, for their correlation and degrees of freedom.

    Drawn from normal samples of as many rows as the degrees of freedom say. The correlation that few seeds show is
    larger than the true one, so it is shrunk a little, by what keeps the coverage in simulations.
    """
    moving = found.error > 0
    if moving.sum() < 2:
        return float(stats.t.ppf((1 + LEVEL) / 2, found.freedom.min()))
    freedom = float(np.median(found.freedom[moving]))
    shared = correlation(sample[moving]) * (1 - (freedom + 1) ** -2)
    np.fill_diagonal(shared, 1.0)
    rows = int(min(MOST_FREEDOM, max(1, round(freedom)))) + 1
    generator = np.random.default_rng(0)
    drawn = generator.standard_normal((DRAWS, rows, len(shared))) @ root(shared)
    t = np.sqrt(rows) * np.abs(drawn.mean(1)) / drawn.std(1, ddof=1)
    return float(np.quantile(t.max(1), LEVEL))


def correlation(sample: Sample) -> Floats:
    """The correlation (k, k) of the errors of the means: over seeds, or over prompts with one seed."""
    rows = sample.values if sample.seeds > 1 or sample.by_group is None else sample.by_group[0]
    rows = rows - rows.mean(0)
    if sample.seeds > 1 and sample.by_group is not None:
        found = spread(sample)
        by_prompts = sample.by_group.mean(0)
        by_prompts = (by_prompts - by_prompts.mean(0)) / np.maximum(by_prompts.std(0), 1e-300)
        rows = rows / np.maximum(rows.std(0), 1e-300) * np.sqrt(found.seeds) / np.sqrt(len(rows))
        rows = np.concatenate([rows, by_prompts * np.sqrt(found.prompts) / np.sqrt(len(by_prompts))])
    norms = np.linalg.norm(rows, axis=0)
    rows = rows / np.where(norms > 0, norms, 1)
    return rows.T @ rows


def root(matrix: Floats) -> Floats:
    """The R with R R = matrix that is symmetric and has no eigenvalue below 0, as the matrix itself.

    There is one such R. Eigenvectors alone have a sign, or a whole turn, that is the machine's affair, and draws with
    it.
    """
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T


def ends_of(column: str) -> tuple[str, str]:
    """The names of a column's interval ends: `kl_low` and `kl_high` for `kl`, `low` and `high` for `value`."""
    stem = column.removesuffix("value") if column.endswith("value") else f"{column}_"
    return f"{stem}low", f"{stem}high"
