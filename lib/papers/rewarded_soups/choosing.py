"""Which soup meets a user's conditions, and has the most of what the user wants.

λ is chosen on half of the prompts, over all seeds, and judged on the other half: the best of many noisy points looks
better than it is where it was chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lib.papers.rewarded_soups.layout import Layout
from lib.papers.rewarded_soups.wish import Wish
from lib.reward_models.mixtures import mixture_weights
from lib.statistics.intervals import Floats
from lib.statistics.scores import PointName, Scores


def half(scores: Scores, number: int) -> Scores:
    """The scores on half of the prompts: 0 those to choose on, 1 those to judge on.

    Raises ValueError where there is one prompt alone.
    """
    if len(scores.sizes) < 2:
        raise ValueError("evaluation.prompts: one prompt alone cannot be split into those to choose and to judge on")
    return replace(scores, values=scores.values[:, number::2], sizes=scores.sizes[number::2])


def candidates(layout: Layout, wish: Wish) -> list[str]:
    """The soups that are chosen from: of the front's two rewards, or of three where the wish names the third."""
    third = set(layout.triple) - set(layout.pair)
    among = set(layout.triple if third & wish.names else layout.pair)
    return [name for name in layout.soups if mixture_weights(name).keys() <= among]


def means(scores: Scores, points: Sequence[PointName], columns: Sequence[str]) -> Floats:
    """Means over prompts, (seeds, points, columns)."""
    return scores.sample(points, columns).values.reshape(len(scores.seeds), len(points), len(columns))


def wanted(scores: Scores, soups: Sequence[str], best: Mapping[str, float], start: str) -> Floats:
    """How much each soup has of what the user wants, (seeds, soups).

    Of several rewards each is scaled, so that θ_sft has 0 of it and the expert that was trained on it 1; a single one
    stays in its unit.
    """
    names = list(best)
    if len(names) == 1:
        return means(scores, [("soup", soup) for soup in soups], names)[..., 0]
    return scaled(scores, soups, names, start) @ np.array(list(best.values()))


def scaled(scores: Scores, soups: Sequence[str], rewards: Sequence[str], start: str) -> Floats:
    """Rewards of soups, 0 as θ_sft and 1 as the expert on each, (seeds, soups, rewards)."""
    found = means(scores, [("soup", soup) for soup in soups], rewards)
    for i, name in enumerate(rewards):
        if ("soup", name) not in scores.points:
            raise ValueError(f"BEST: {name} has no expert, by which its share in a mixture could be scaled")
        zero, one = means(scores, [("sft", start), ("soup", name)], [name]).mean(0)[:, 0]
        if one <= zero:
            raise ValueError(
                f"BEST: the expert on {name} has no more of it than θ_sft, so nothing scales it; name one reward"
            )
        found[..., i] = (found[..., i] - zero) / (one - zero)
    return found


class Chosen(NamedTuple):
    """The soup, how many meet the conditions, and what each seed alone would choose (None: no soup meets them)."""

    soup: str
    meeting: int
    by_seed: dict[int, str | None]


def choose(scores: Scores, soups: Sequence[str], wish: Wish, start: str) -> Chosen:
    """Of the soups that meet the conditions in the mean over seeds, that with the most of what is wanted.

    scores: on the prompts to choose on. Raises ValueError, with the nearest miss, where none meets them.
    """
    gain = wanted(scores, soups, wish.best, start)
    values = means(scores, [("soup", soup) for soup in soups], [one.column for one in wish.where])
    met = meets(wish, values.mean(0))
    if not met.any():
        raise ValueError(nearest_miss(soups, wish, values.mean(0)))
    by_seed = {seed: best_of(soups, meets(wish, own), gained) for seed, own, gained in zip(scores.seeds, values, gain)}
    return Chosen(best_of(soups, met, gain.mean(0)), int(met.sum()), by_seed)


def meets(wish: Wish, values: Floats) -> Floats:
    """Which soups meet all conditions. values: (soups, conditions)."""
    return np.array([all(one.met(value) for one, value in zip(wish.where, row)) for row in values])


def best_of(soups: Sequence[str], met: Floats, gain: Floats) -> str | None:
    """The soup with the most of what is wanted among those that meet the conditions."""
    return soups[int(np.where(met, gain, -np.inf).argmax())] if met.any() else None


def nearest_miss(soups: Sequence[str], wish: Wish, values: Floats) -> str:
    """What is said where no soup meets the conditions: that which lacks least, by the range of each column."""
    spans = np.maximum(np.ptp(values, axis=0), np.finfo(float).tiny)
    lacks = np.stack([one.lacking(values[:, i]) for i, one in enumerate(wish.where)], axis=1)
    nearest = int((lacks / spans).max(1).argmin())
    found = ", ".join(f"{one.column} {values[nearest, i]:.3g}" for i, one in enumerate(wish.where))
    return f"WHERE: none of {len(soups)} soups meets {wish}; the nearest is {soups[nearest]} with {found}: ask for less"
