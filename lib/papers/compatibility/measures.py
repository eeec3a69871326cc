"""What is measured of each pair of rewards: how compatible they are, and what soups reach of what MORL reaches.

The evidence has the scores "pair 1", "pair 2", … of each pair, with its two rewards and KL, and "moments", from which
the correlations come (`lib.papers.compatibility.names`); its settings are pairs, weights, preferences, start, path and
margin. A point's name is as in Rewarded Soups (`lib.papers.rewarded_soups.fronts`).
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from lib.papers.claims import NotTestable
from lib.papers.compatibility.names import MOMENTS, in_words, scores_name
from lib.papers.evidence import Evidence
from lib.papers.rewarded_soups.claims import above_chord, as_many_trainings, soups_at_equal_kl, utilities
from lib.papers.rewarded_soups.fronts import expected_utility, fronts_of, in_gains, scores_of
from lib.statistics.fronts import hypervolume
from lib.statistics.intervals import Floats, Sample

OURS, THEIRS = "soups at the preferences", "experts and MORL"  # fronts of as many points (`fronts_of`)
SMALLEST = 0.05  # size of a front, in the experts' gains, below which its ratio to another would be noise


def as_rewarded_soups(evidence: Evidence, number: int) -> Evidence:
    """The evidence of one pair as Rewarded Soups has it, with rewards as `in_gains`. number: the pair's, from 0."""
    settings = evidence.settings
    pair = settings["pairs"][number]
    held_out = in_gains(evidence.scores[scores_name(number)], pair, settings["start"])
    return Evidence(settings | {"rewards": pair, "simplex_rewards": []}, {"held out": held_out})


def mean_cross_gain(start: ArrayLike, experts: ArrayLike) -> float:
    """What an expert gains on the other reward, as a share of what the other's own expert gains: the mean of both ways.

    1 where either expert serves both rewards, 0 where a reward is nothing to the other's expert, −1 in full conflict.
    start: (2,), rewards of θ_sft; experts: (2, 2), those of the expert of the first and of the second reward.
    """
    gains = np.asarray(experts, dtype=float) - np.asarray(start, dtype=float)
    return float((gains[0, 1] / gains[1, 1] + gains[1, 0] / gains[0, 0]) / 2)


def cross_gain(one: Evidence) -> Sample:
    """`mean_cross_gain` of each seed, in the unit of `in_gains`."""
    rewards = one.settings["rewards"]
    experts = [("soup", reward) for reward in rewards]
    return scores_of(one).sample(experts, rewards, lambda means: np.array([(means[0, 1] + means[1, 0]) / 2]))


def correlation(evidence: Evidence, number: int) -> Sample:
    """Pearson's correlation of a pair's rewards over completions of θ_sft; NaN where one is the same for all."""
    point = ("sft", in_words(evidence.settings["pairs"][number]))
    return evidence.scores["moments"].sample([point], MOMENTS, pearson)


def pearson(means: Floats) -> Floats:
    """The correlation from `MOMENTS`, (1, 5)."""
    x, y, xx, yy, xy = means[0]
    variances = max(xx - x**2, 0.0) * max(yy - y**2, 0.0)
    return np.array([(xy - x * y) / np.sqrt(variances) if variances > 0 else np.nan])


def reached(one: Evidence, size: Callable[[Floats], Floats | float]) -> Sample:
    """The size of the soups' front by that of MORL's, of as many points.

    size: of a front's points (n, 2), of which θ_sft is (0, 0). Raises NotTestable where MORL's is below SMALLEST.
    """
    fronts = fronts_of(one)
    ours, theirs = fronts[OURS], fronts[THEIRS]

    def both(means: Floats) -> Floats:
        return np.ravel([size(means[: len(ours)]), size(means[len(ours) :])])

    sizes = scores_of(one).sample([*ours, *theirs], one.settings["rewards"], both)
    if sizes.mean[1] < SMALLEST:
        raise NotTestable("the front of MORL has next to no size")
    return ratio_of_means(sizes[[0]], sizes[[1]])


def ratio_of_means(above: Sample, below: Sample) -> Sample:
    """The mean of one number over seeds by that of another, as a number per seed with that mean.

    A seed whose divisor x is next to nothing would decide a mean of ratios. So a seed's number is the ratio r of the
    means, and (y − r x) / x̄ beside it, its error to first order (Cochran, Sampling Techniques, 1977, chapter 6).
    """
    ratio = above.mean / below.mean
    return (above - below.scaled(ratio)).scaled(1 / below.mean).minus(-ratio)


def average(sample: Sample) -> Sample:
    """The mean of a sample's numbers."""
    groups = None if sample.by_group is None else sample.by_group.mean(2, keepdims=True)
    return Sample(sample.values.mean(1, keepdims=True), groups)


OF_PAIR: dict[str, Callable[[Evidence], Sample]] = {
    "cross_gain": cross_gain,
    "chord": lambda one: average(above_chord(one)[0]),
    "utility_reached": lambda one: reached(one, expected_utility),
    "volume_reached": lambda one: reached(one, lambda points: hypervolume(points, (0, 0))),
    "equal_points": lambda one: utilities(one)[0],
    "equal_compute": lambda one: as_many_trainings(one)[0][[1]],
    "equal_kl": lambda one: average(soups_at_equal_kl(one)[0]),
}
"""By name, one number per seed of a pair, from what `as_rewarded_soups` gives.

chord: reward of soups above the chord, the mean over inner λ and both rewards. utility_reached, volume_reached:
expected utility and hypervolume above θ_sft of the soups' front, by those of MORL's front of as many points. The others
are soups minus MORL: expected utility at as many points; that of all soups of the two experts and of two MORL policies;
and the user's reward at equal KL, the mean over preferences."""

MEASURES = ["correlation", *OF_PAIR]


def measure(name: str, evidence: Evidence, number: int) -> Sample:
    """One of MEASURES of a pair; NaN where it cannot be told. number: the pair's, from 0."""
    if name == "correlation":
        return correlation(evidence, number)
    try:
        return OF_PAIR[name](as_rewarded_soups(evidence, number))
    except NotTestable:
        return Sample(np.full((len(evidence.seeds), 1), np.nan))


def by_pair(evidence: Evidence, names: Sequence[str] = MEASURES) -> dict[str, dict[str, Sample]]:
    """Some of MEASURES of each pair, by its name in words."""
    return {
        in_words(pair): {name: measure(name, evidence, number) for name in names}
        for number, pair in enumerate(evidence.settings["pairs"])
    }
