"""What is said of a chosen soup, on prompts that it was not chosen on: its scores, its neighbours, and MORL."""

import math
from collections.abc import Sequence

import numpy as np
from tabulate import tabulate

from lib.papers.rewarded_soups.choosing import Chosen, means, scaled
from lib.papers.rewarded_soups.layout import Layout
from lib.papers.rewarded_soups.wish import Condition, Wish
from lib.reward_models.mixtures import mixture_name, mixture_weights
from lib.statistics.intervals import Floats, intervals
from lib.statistics.scores import PointName, Scores

FEW = 3  # seeds that are shown themselves, as an interval over so few says little


def page(chosen: Chosen, soups: list[str], wish: Wish, layout: Layout, scores: Scores, seed: int) -> str:
    """At most 25 lines. scores: on the prompts to judge on. seed: whose policies are exported."""
    axes = layout.triple if any(set(mixture_weights(soup)) - set(layout.pair) for soup in soups) else layout.pair
    morl = nearest(chosen.soup, layout.morl, axes)[0]
    where = f" of the {chosen.meeting} with {wish}" if wish.where else ""
    lines = [
        f"{chosen.soup} has the most {mixture_name(wish.best)}{where}, of {len(soups)} soups of {', '.join(axes)}.",
        f"Chosen on half of the prompts; these are the {scores.prompts} others:",
        "",
        table(chosen.soup, beside(chosen.soup, soups, axes), morl, layout, scores, seed),
        "",
        basis(scores),
        *(verdict(condition, chosen.soup, scores) for condition in wish.where),
        *shares(chosen.soup, wish, layout, scores),
        *dominating(chosen.soup, layout.morl, axes, scores),
    ]
    return "\n".join([*lines, *by_seed(chosen)])


def by_seed(chosen: Chosen) -> list[str]:
    """What each seed alone would choose, where there are several."""
    seeds: dict[str | None, list[str]] = {}
    for seed, soup in chosen.by_seed.items():
        seeds.setdefault(soup, []).append(str(seed))
    told = ", ".join(f"{soup or 'none'} ({', '.join(of)})" for soup, of in seeds.items())
    return [f"One seed alone would have chosen (seeds in brackets): {told}."] if len(chosen.by_seed) > 1 else []


def basis(scores: Scores) -> str:
    """What stands in brackets."""
    if len(scores.seeds) > FEW:
        return f"In brackets: 95 % intervals over {len(scores.seeds)} seeds, whose range is the last column."
    if len(scores.seeds) == 1:
        return f"Of seed {scores.seeds[0]} alone, which says nothing of what another would give."
    return f"In brackets: seeds {', '.join(map(str, scores.seeds))}, so few that an interval says little."


def shares(soup: str, wish: Wish, layout: Layout, scores: Scores) -> list[str]:
    """Where a mixture is wanted: how much of what each expert gains the soup has."""
    if len(wish.best) == 1:
        return []
    try:
        found = scaled(scores, [soup], list(wish.best), layout.start).mean(0)[0]
    except ValueError:
        return ["On these prompts one of the experts has no more of its reward than θ_sft: the scale of BEST is noise."]
    told = ", ".join(f"{share:.2f} in {reward}" for share, reward in zip(found, wish.best))
    return [f"Of what its own expert gains over θ_sft, it has {told}."]


def position(name: str, axes: Sequence[str]) -> Floats:
    """The weights of a mixture of some rewards, in their order."""
    return np.array([mixture_weights(name).get(reward, 0.0) for reward in axes])


def nearest(soup: str, names: Sequence[str], axes: Sequence[str]) -> list[str]:
    """The mixtures, those with the most similar weights first."""
    return sorted(names, key=lambda name: float(np.abs(position(name, axes) - position(soup, axes)).sum()))


def beside(soup: str, soups: Sequence[str], axes: Sequence[str]) -> list[str]:
    """The neighbours: of two rewards the soups on both sides, of three the three nearest."""
    if len(axes) > 2:
        return nearest(soup, [name for name in soups if name != soup], axes)[:3]
    ordered = sorted(soups, key=lambda name: position(name, axes)[0])
    at = ordered.index(soup)
    return ordered[max(0, at - 1) : at] + ordered[at + 1 : at + 2]


def table(soup: str, others: list[str], morl: str, layout: Layout, scores: Scores, seed: int) -> str:
    """A row for each reward, gold, KL and length; a column for the choice, its neighbours, MORL and θ_sft."""
    rewards = list(layout.experiment.value("rewards"))
    columns = [name for name in (*sorted(rewards), "gold", "kl", "tokens") if name in scores.columns]
    shown = [("soup", soup), *(("soup", name) for name in others), ("morl", morl), ("sft", layout.start)]
    few = len(scores.seeds) <= FEW
    found, low, high = means(scores, shown, columns), *intervals(scores.sample(shown[:1], columns))
    rows = []
    for i, column in enumerate(columns):
        digits = decimals(found[..., i])
        values = [f"{value:.{digits}f}" for value in found.mean(0)[:, i]]
        own = [f"{value:.{digits}f}" for value in found[:, 0, i]]
        if len(own) > 1:
            values[0] += f" ({', '.join(own)})" if few else f" ({low[i]:.{digits}f} to {high[i]:.{digits}f})"
        spread = [own[scores.seeds.index(seed)], f"{min(own, key=float)} to {max(own, key=float)}"]
        rows.append([column, *values, *([] if few else spread)])
    head = ["", soup, *others, f"MORL {morl}", "θ_sft", *([] if few else [f"seed {seed}", "seeds"])]
    return tabulate(rows, [name.replace("+", "\n+") for name in head], tablefmt="plain", disable_numparse=True)


def decimals(values: Floats) -> int:
    """How many decimals show three digits of the largest value."""
    largest = np.abs(values).max()
    return max(0, 2 - math.floor(math.log10(largest))) if largest > 0 else 0


def verdict(condition: Condition, soup: str, scores: Scores) -> str:
    """Whether a condition holds on these prompts as well."""
    values = means(scores, [("soup", soup)], [condition.column])[:, 0, 0]
    holds = "holds" if condition.met(values.mean()) else "does NOT hold"
    return (
        f"{condition} {holds} on these prompts ({values.mean():.3g}), in {int(condition.met(values).sum())} of "
        f"{len(values)} seeds."
    )


def dominating(soup: str, morl: Sequence[str], axes: Sequence[str], scores: Scores) -> list[str]:
    """Which policies by MORL have at least as much of every reward, and more of one; else that none does."""
    points: list[PointName] = [("soup", soup), *(("morl", name) for name in morl)]
    found, kl = means(scores, points, axes), means(scores, points, ["kl"]).mean(0)[:, 0]
    gaps = found[:, 1:] - found[:, :1]
    better = [i for i in range(len(morl)) if (gaps.mean(0)[i] >= 0).all() and (gaps.mean(0)[i] > 0).any()]
    rewards = " and ".join(axes)
    if not better:
        return [f"No policy by MORL dominates it: none has more {rewards} at once."]
    return [
        f"MORL DOMINATES it: the policy trained on {morl[i]} has at least as much {rewards}, in "
        f"{int((gaps[:, i] >= 0).all(-1).sum())} of {len(gaps)} seeds, at KL {kl[i + 1]:.2f} against {kl[0]:.2f}."
        for i in better
    ]
