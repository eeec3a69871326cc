"""The claims of Rewarded Soups (arXiv 2306.04488), computed from scores with intervals.

A point's method is `sft`, `soup`, `morl` or `ensemble`, and its name the mixture (`lib.statistics.means`).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lib.reward_models.mixtures import between, mixture_name
from lib.statistics.fronts import hypervolume
from lib.statistics.means import Means, PointName, first_against_each, over_chord, summary


def chord_table(means: Means, rewards: Sequence[str], weights: Sequence[float]) -> pd.DataFrame:
    """RS-1, linear mode connectivity: the soups' margin over the chord, for each λ between the experts.

    `weights` are the λ of the first of two rewards.
    """
    inner = [weight for weight in weights if 0 < weight < 1]
    soups = dict(zip(inner, soup_points(rewards, inner)))
    return over_chord(means, soups, [("soup", name) for name in rewards], rewards)


def chord_counts(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Per reward: at how many λ the soup lies on or above the chord, and its interval wholly above or below."""
    return {
        reward: {
            "weights": len(rows),
            "on or above": int((rows["value"] >= 0).sum()),
            "wholly above": int((rows["low"] > 0).sum()),
            "wholly below": int((rows["high"] < 0).sum()),
        }
        for reward, rows in table.groupby("reward", sort=False)
    }


def hypervolume_table(
    means: Means, rewards: Sequence[str], fronts: Mapping[str, Sequence[PointName]], start: str
) -> pd.DataFrame:
    """RS-2: hypervolumes of named fronts above the rewards of θ_sft, the `start`, and the first minus each.

    A front is the best of noisy points, so noise alone gives a front of more points a larger hypervolume.
    """
    reference = means.at([("sft", start)], rewards)[:, 0]
    volumes = {
        name: np.array([hypervolume(p, r) for p, r in zip(means.at(points, rewards), reference)])
        for name, points in fronts.items()
    }
    return first_against_each(volumes, {"points": [len(points) for points in fronts.values()]})


def preference_table(means: Means, rewards: Sequence[str], preferences: Sequence[float], soups: Sequence[PointName]):
    """RS-4: for a user whose reward is Σᵢ μᵢ Rᵢ, the soup at λ = μ and the best soup, each minus the MORL policy.

    The best soup is chosen anew in each bootstrap sample, on the prompts that it is scored on, so its value is biased
    upwards.
    """
    rows = []
    for preference in preferences:
        μ = np.array([preference, 1 - preference])
        [name] = between(rewards, [preference])
        trained = means.at([("morl", name)], rewards)[:, 0] @ μ
        rows.append({"mixture": name, "comparison": "soup at λ = μ, minus MORL"})
        rows[-1] |= summary(means.at([("soup", name)], rewards)[:, 0] @ μ - trained)
        rows.append({"mixture": name, "comparison": "best soup, minus MORL"})
        rows[-1] |= summary((means.at(soups, rewards) @ μ).max(1) - trained)
    return pd.DataFrame(rows)


def balance_table(means: Means, rewards: Sequence[str], start: str) -> pd.DataFrame:
    """RS-5: the gain over θ_sft, the `start`, of each expert and of the uniform soup, on each reward."""
    uniform = mixture_name(dict.fromkeys(rewards, 1 / len(rewards)))
    gains = means.at([("soup", name) for name in [*rewards, uniform]], rewards) - means.at([("sft", start)], rewards)
    return pd.DataFrame(
        {"policy": policy, "reward": reward} | summary(gains[:, i, j])
        for i, policy in enumerate([*rewards, "uniform soup"])
        for j, reward in enumerate(rewards)
    )


def soup_points(rewards: Sequence[str], weights: Sequence[float]) -> list[PointName]:
    """The soups of two experts at the weights λ of the first."""
    return [("soup", name) for name in between(rewards, weights)]
