"""The claims of Rewarded Soups (arXiv 2306.04488), and tables of what they rest on.

Points and fronts are those of `lib.papers.rewarded_soups.fronts`.

Longer than other modules: the comparisons of five claims, and the tables that show them.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib.papers.claims import Claim, NotTestable, Numbers, beside
from lib.papers.evidence import Evidence
from lib.papers.paths import path_to
from lib.papers.rewarded_soups.fronts import (
    at_preferences,
    chosen_utility,
    fronts_of,
    scores_of,
    soup_points,
    user_reward,
    utility_of,
    utility_over_users,
)
from lib.papers.rewarded_soups.other_claims import OTHER_CLAIMS
from lib.reward_models.mixtures import between, mixture_name
from lib.statistics.comparisons import Kind
from lib.statistics.fronts import chord_margin, hypervolume
from lib.statistics.intervals import Floats, Sample, band, side_by_side
from lib.statistics.scores import ALONGSIDE, PointName, first_against_each, front_table, summaries


def above_chord(evidence: Evidence) -> tuple[Sample, list[tuple[float, str]]]:
    """RS-1: reward of the soup above the chord between the experts, at each inner λ and for each reward."""
    rewards = evidence.settings["rewards"]
    inner = [weight for weight in evidence.settings["weights"] if 0 < weight < 1]
    points = soup_points(rewards, [*inner, 1, 0])
    mixing = np.array([[weight, 1 - weight] for weight in inner])
    sample = scores_of(evidence).sample(
        points, rewards, lambda means: chord_margin(means[:-2], means[-2:], mixing).ravel()
    )
    return sample, [(weight, reward) for weight in inner for reward in rewards]


def connectivity(evidence: Evidence) -> Numbers:
    """RS-1, the primary comparison."""
    sample, at = above_chord(evidence)
    return sample, [f"{reward} at λ = {weight:g}" for weight, reward in at]


def utilities(evidence: Evidence) -> Numbers:
    """RS-2, the primary comparison: expected utility of soups less that of MORL, at the same number of points."""
    return utility_of("soups at the preferences", "experts and MORL", evidence)


def volumes(evidence: Evidence, front: Sequence[PointName]) -> Sample:
    """Hypervolume of a front from two reference points: the rewards of θ_sft, and the nadir of the experts."""
    rewards, experts = evidence.settings["rewards"], fronts_of(evidence)["experts alone"]
    start = ("sft", evidence.settings["start"])

    def both(means: Floats) -> Floats:
        sft, ends, points = means[0], means[1:3], means[3:]
        return np.array([hypervolume(points, sft), hypervolume(points, ends.min(0))])

    return scores_of(evidence).sample([start, *experts, *front], rewards, both)


REFERENCES = ["above θ_sft", "above the nadir of the experts"]


def volume_difference(evidence: Evidence) -> Numbers:
    """RS-2: hypervolume of soups less that of MORL, at the same number of points."""
    fronts = fronts_of(evidence)
    names = "soups at the preferences", "experts and MORL"
    ours, theirs = (volumes(evidence, fronts[name]) for name in names)
    return ours - theirs, REFERENCES


def soups_at_equal_kl(evidence: Evidence) -> Numbers:
    """RS-2: the soup at λ = μ against the MORL policy, in the user's reward at equal KL."""
    rewards, settings = evidence.settings["rewards"], evidence.settings
    start, found = ("sft", settings["start"]), []
    names = between(rewards, settings["preferences"])
    for name in names:
        soup, morl = (path_to((method, name), start, settings["path"]) for method in ("soup", "morl"))
        found.append(user_reward(evidence, name).at_equal_kl(soup, morl, "utility"))
    return side_by_side(found), [f"μ = {preference:g}" for preference in settings["preferences"]]


def soups_at_preferences(evidence: Evidence) -> Numbers:
    """RS-4: the soup at λ = μ less the MORL policy, in the user's reward."""
    return at_preferences("soup", "morl", evidence)


def best_soups(evidence: Evidence) -> Numbers:
    """RS-4, the primary comparison: the best soup less the MORL policy, in the user's reward.

    The best λ is chosen on half of the prompts and judged on the other half, both ways round.
    """
    rewards, settings = evidence.settings["rewards"], evidence.settings
    soups, found = soup_points(rewards, settings["weights"]), []
    for share, name in zip(settings["preferences"], between(rewards, settings["preferences"])):
        user = (share, 1 - share)
        found.append(chosen_utility(evidence, soups, user) - chosen_utility(evidence, [("morl", name)], user))
    return side_by_side(found), [f"μ = {preference:g}" for preference in settings["preferences"]]


def as_many_trainings(evidence: Evidence) -> Numbers:
    """RS-3, the primary comparison: soups of two experts less what two trainings give as they are."""
    rewards, preferences = evidence.settings["rewards"], evidence.settings["preferences"]
    if len(preferences) < 2:
        raise NotTestable("it takes two MORL policies (rewarded_soups.preferences)")
    least, most = min(preferences), max(preferences)
    trained = {
        "the experts alone": soup_points(rewards, [1, 0]),
        f"MORL at μ = {least:g} and {most:g}": [("morl", name) for name in between(rewards, [least, most])],
    }
    soups = utility_over_users(evidence, soup_points(rewards, evidence.settings["weights"]))
    return side_by_side([soups - utility_over_users(evidence, points) for points in trained.values()]), list(trained)


def gains(evidence: Evidence, mixtures: Sequence[str]) -> Sample:
    """What soups gain over θ_sft on each of three rewards, soup after soup."""
    rewards, start = evidence.settings["simplex_rewards"], ("sft", evidence.settings["start"])
    points = [start, *(("soup", name) for name in mixtures)]
    return scores_of(evidence).sample(points, rewards, lambda means: (means[1:] - means[0]).ravel())


def balanced(evidence: Evidence) -> Numbers:
    """RS-5, the primary comparison: what the uniform soup of three experts gains on each reward."""
    rewards = evidence.settings["simplex_rewards"]
    if not rewards:
        raise NotTestable("no three rewards (rewarded_soups.simplex_rewards)")
    return gains(evidence, [uniform(rewards)]), rewards


def uniform(rewards: Sequence[str]) -> str:
    """The mixture of all rewards in equal shares."""
    return mixture_name(dict.fromkeys(rewards, 1 / len(rewards)))


CLAIMS = [
    Claim(
        "RS-1",
        "the reward of a soup lies on or above the chord between its experts (linear mode connectivity)",
        "section 2",
        "reward of the soup above the chord, on both rewards at every λ",
        connectivity,
        Kind.AT_LEAST,
        theirs="on or above the chord at 21 of 21 λ on both rewards (news summaries)",
    ),
    Claim(
        "RS-2",
        "soups reach what MORL reaches, which trains a policy for every preference",
        "section 3",
        "expected utility over preferences, experts with soups minus experts with as many MORL policies",
        utilities,
        Kind.AT_LEAST,
        theirs="news summaries: 21 soups ahead of the experts with one MORL policy; locomotion: every soup behind MORL",
    ),
    beside(
        "RS-2",
        compares="hypervolume, experts with soups minus experts with as many MORL policies",
        numbers=volume_difference,
        unit="reward²",
        theirs="news summaries, above θ_sft: .492 (21 soups), .297 (experts and one MORL), .181 (experts)",
    ),
    beside(
        "RS-2",
        compares="the user's reward at equal KL, soup at λ = μ minus MORL",
        numbers=soups_at_equal_kl,
        kind=Kind.AT_LEAST,
    ),
    Claim(
        "RS-3",
        "N trainings serve every preference, where MORL needs one for each",
        "section 2",
        "expected utility over preferences after two trainings, soups of the experts minus the policies themselves",
        as_many_trainings,
    ),
    Claim(
        "RS-4",
        "for a user whose reward is a weighted sum of the rewards, some soup is near the best",
        "section 2",
        "the user's reward, best soup (chosen on other prompts) minus the MORL policy for that user",
        best_soups,
        Kind.AT_LEAST,
    ),
    beside(
        "RS-4",
        compares="the user's reward, soup at λ = μ minus the MORL policy",
        numbers=soups_at_preferences,
        kind=Kind.AT_LEAST,
    ),
    Claim(
        "RS-5",
        "the uniform soup of three experts gains on all three rewards",
        "section 3",
        "gain of the uniform soup over θ_sft on each reward",
        balanced,
    ),
    *OTHER_CLAIMS,
]


def tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    """What the report and the figures show: front, chord, hypervolume, preference, balance with three rewards, and the
    factors of rescaled soups.
    """
    scores, settings = scores_of(evidence), evidence.settings
    told = [column for column in [*settings["columns"], *ALONGSIDE] if column in scores.columns]
    found = {
        "front": front_table(scores, told),
        "chord": chord_table(evidence),
        "hypervolume": hypervolume_table(evidence),
        "preference": preference_table(evidence),
    }
    return (
        found
        | ({"balance": balance_table(evidence)} if settings["simplex_rewards"] else {})
        | {name: evidence.tables[name] for name in ("factors",) if name in evidence.tables}
    )


def chord_table(evidence: Evidence) -> pd.DataFrame:
    """RS-1: the soups' reward above the chord, with a band that holds for all λ and both rewards at once."""
    sample, at = above_chord(evidence)
    return pd.DataFrame(
        {"weight": weight, "reward": reward, "value": value, "low": low, "high": high}
        for (weight, reward), value, low, high in zip(at, sample.mean, *band(sample)[:2])
    )


def chord_counts(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Per reward: at how many λ the soup lies on or above the chord, and its band wholly above or below."""
    return {
        reward: {
            "weights": len(rows),
            "on or above": int((rows["value"] >= 0).sum()),
            "wholly above": int((rows["low"] > 0).sum()),
            "wholly below": int((rows["high"] < 0).sum()),
        }
        for reward, rows in table.groupby("reward", sort=False)
    }


def hypervolume_table(evidence: Evidence) -> pd.DataFrame:
    """RS-2: hypervolumes of the fronts from both reference points, and the first minus each.

    A front is the best of noisy points, so noise alone gives a front of more points a larger hypervolume.
    """
    fronts = fronts_of(evidence)
    found = {name: volumes(evidence, front) for name, front in fronts.items()}
    columns = {"points": [len(points) for points in fronts.values()]}
    parts = [
        first_against_each({name: sample[[i]] for name, sample in found.items()}, columns).assign(measured=reference)
        for i, reference in enumerate(REFERENCES)
    ]
    return pd.concat(parts, ignore_index=True)


def preference_table(evidence: Evidence) -> pd.DataFrame:
    """RS-2 and RS-4: for each user, soups minus the MORL policy, as they are and at equal KL."""
    compared = {
        "soup at λ = μ, minus MORL": soups_at_preferences,
        "soup at λ = μ, minus MORL, at equal KL": soups_at_equal_kl,
        "best soup, minus MORL": best_soups,
    }
    names = between(evidence.settings["rewards"], evidence.settings["preferences"])
    found = {label: list(summaries(numbers(evidence)[0])) for label, numbers in compared.items()}
    return pd.DataFrame(
        {"mixture": name, "comparison": label} | found[label][i] for i, name in enumerate(names) for label in compared
    )


def balance(evidence: Evidence) -> dict[str, Sample]:
    """RS-5: the gain over θ_sft of each expert and of the uniform soup, on each reward."""
    rewards: list[str] = evidence.settings["simplex_rewards"]
    soups = {name: name for name in rewards} | {"uniform soup": uniform(rewards)}
    return {policy: gains(evidence, [mixture]) for policy, mixture in soups.items()}


def balance_table(evidence: Evidence) -> pd.DataFrame:
    """`balance`, a row for each policy and reward."""
    rewards: list[str] = evidence.settings["simplex_rewards"]
    return pd.DataFrame(
        {"policy": policy, "reward": reward} | estimate
        for policy, sample in balance(evidence).items()
        for reward, estimate in zip(rewards, summaries(sample))
    )
