"""Points and fronts of Rewarded Soups in its evidence.

A point's method is `sft`, `soup`, `morl`, `mod` or one of `lib.papers.rewarded_soups.names`, and its name the mixture
(`lib.statistics.scores`). The evidence has the scores "held out" and the settings rewards, weights, preferences,
simplex_rewards, start, path, margin.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lib.papers.claims import NotTestable, Numbers
from lib.papers.evidence import Evidence
from lib.papers.rewarded_soups.styles import OTHERS
from lib.reward_models.mixtures import between, mixture_weights
from lib.statistics.intervals import Floats, Sample, side_by_side
from lib.statistics.scores import PointName, Scores

UTILITIES = np.linspace(0, 1, 11)  # weights of the first reward, over which expected utility is a mean


def scores_of(evidence: Evidence) -> Scores:
    """The scores on held-out prompts."""
    return evidence.scores["held out"]


def soup_points(rewards: Sequence[str], weights: Sequence[float]) -> list[PointName]:
    """The soups of two experts at the weights λ of the first."""
    return [("soup", name) for name in between(rewards, weights)]


def fronts_of(evidence: Evidence) -> dict[str, list[PointName]]:
    """The fronts that are compared. The first three have as many points, and most of what else was scored."""
    rewards, preferences = evidence.settings["rewards"], evidence.settings["preferences"]
    experts, inner = soup_points(rewards, [0, 1]), between(rewards, preferences)
    fronts = {
        "soups at the preferences": experts + [("soup", name) for name in inner],
        "experts and MORL": experts + [("morl", name) for name in inner],
        "experts and MOD": experts + [("mod", name) for name in inner],
        "experts alone": experts,
        "soups at all λ": soup_points(rewards, evidence.settings["weights"]),
    }
    scored = scores_of(evidence).points
    for method, (label, _) in OTHERS.items():
        points = [(method, name) for name in inner]
        if method == "extrapolated":
            points = [point for point in scored if point[0] == method]
        if points and set(points) <= set(scored):
            fronts[f"experts and {label}"] = experts + points
    return fronts


def in_gains(scores: Scores, pair: Sequence[str], start: str) -> Scores:
    """The scores with both rewards in units of what their own expert gains over θ_sft: θ_sft is 0, the expert 1.

    θ_sft is taken off on the same prompts. The unit is the mean over seeds, so that a seed in which an expert learns
    little does not count for more. Raises NotTestable where an expert gains nothing.
    """
    places = [scores.columns.index(reward) for reward in pair]
    values = scores.values.copy()
    values[..., places] -= scores.at([("sft", start)], pair)
    over_start = replace(scores, values=values)
    experts = over_start.sample([("soup", reward) for reward in pair], pair).mean.reshape(2, 2)
    for reward, gain in zip(pair, np.diag(experts)):
        if gain <= 0:
            raise NotTestable(f"the expert of {reward} gains nothing over θ_sft")
    values[..., places] /= np.diag(experts)
    return replace(scores, values=values)


def expected_utility(means: Floats) -> Floats:
    """The mean, over users, of the best point's utility μ R₁ + (1 − μ) R₂. means: (points, 2)."""
    return np.array([(means @ np.array([UTILITIES, 1 - UTILITIES])).max(0).mean()])


def chosen_utility(evidence: Evidence, points: Sequence[PointName], user: Sequence[float]) -> Sample:
    """A user's utility of some points' best, which is chosen on half of the prompts and judged on the others, both ways
    round. So more points are not better by noise alone.

    user: how the user weighs the front's rewards.
    """
    rewards = evidence.settings["rewards"]
    utility = scores_of(evidence).at(points, rewards) @ np.array(user)  # (seeds, groups, points)
    if utility.shape[1] < 2:
        raise NotTestable("there is one prompt alone")
    halves = np.arange(utility.shape[1]) % 2
    chosen = np.array([utility[:, halves != half].mean(1).argmax(1) for half in (0, 1)])  # by half and seed
    best = np.take_along_axis(utility, chosen[halves].T[..., None], axis=2)
    return Sample(best.mean(1), best)


def utility_over_users(evidence: Evidence, points: Sequence[PointName]) -> Sample:
    """The mean of `chosen_utility` over users."""
    found = [chosen_utility(evidence, points, (share, 1 - share)) for share in UTILITIES]
    together = side_by_side(found)
    assert together.by_group is not None
    return Sample(together.values.mean(1, keepdims=True), together.by_group.mean(2, keepdims=True))


def utility_of(ours: str, theirs: str, evidence: Evidence) -> Numbers:
    """Expected utility of one front less that of another, by the names of `fronts_of`."""
    rewards, fronts = evidence.settings["rewards"], fronts_of(evidence)
    first, second = (scores_of(evidence).sample(fronts[name], rewards, expected_utility) for name in (ours, theirs))
    return first - second, ["expected utility"]


def user_reward(evidence: Evidence, name: str) -> Scores:
    """The scores with the column `utility`, the reward of a user with the preferences of a mixture."""
    return scores_of(evidence).with_sum("utility", mixture_weights(name))


def at_preferences(ours: str, theirs: str, evidence: Evidence) -> Numbers:
    """The user's reward of one method's point at λ = μ less that of another's, for each preference μ."""
    preferences = evidence.settings["preferences"]
    names = between(evidence.settings["rewards"], preferences)
    found = [user_reward(evidence, name).difference((ours, name), (theirs, name), ["utility"]) for name in names]
    return side_by_side(found), [f"μ = {preference:g}" for preference in preferences]
