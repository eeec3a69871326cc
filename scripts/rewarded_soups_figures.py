"""The figures of Rewarded Soups: the front, reward and KL along λ with the chord, three rewards at once, and what else
the same policies give.
"""

from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.papers.evidence import Evidence
from lib.papers.rewarded_soups.claims import above_chord, balance
from lib.papers.rewarded_soups.fronts import scores_of
from lib.papers.rewarded_soups.names import weights_of
from lib.papers.rewarded_soups.styles import MERGES, METHODS, OTHERS
from lib.reporting.figures import COLOURS, CYCLE, MARKERS, PAPER, bars, head, placed, save, seeds_of, ternary, title_of
from lib.reward_models.mixtures import mixture_weights
from lib.statistics.intervals import Sample
from lib.statistics.scores import PointName, Scores


def draw_figures(
    evidence: Path, front: Path, chord: Path, balance: Path | None, figures: Output, *, width: float, dpi: int
) -> None:
    files = {"front": front, "chord": chord, "balance": balance}
    tables = {name: pd.read_csv(path) for name, path in files.items() if path is not None}
    draw(Evidence.read(evidence), tables, figures, width, dpi)


def draw(evidence: Evidence, tables: Mapping[str, pd.DataFrame], folder: Path, width: float, dpi: int) -> None:
    """tables: front and chord, and with three rewards balance."""
    plt.rcParams.update(PAPER)
    rewards, units, points = evidence.settings["rewards"], evidence.settings["units"], tables["front"]
    save(folder, "front", front_of(points, scores_of(evidence), rewards, units, width), dpi)
    save(folder, "chord", chord_of(evidence, points, tables["chord"], width), dpi)
    if "balance" in tables:
        save(folder, "simplex", simplex_of(evidence, points, tables["balance"], width), dpi)
    if points["method"].isin(OTHERS).any():
        save(folder, "others", others_of(points, scores_of(evidence), rewards, units, width), dpi)


def on_pair(points: pd.DataFrame, method: str, rewards: list[str]) -> pd.DataFrame:
    """A method's points that mix only these rewards, sorted by `weight`, the λ of the first."""
    chosen = points[points["method"] == method]
    weights = chosen["mixture"].map(lambda name: weights_of(method, name, rewards))
    of_these = weights.map(lambda weight: set(weight) <= set(rewards)).astype(bool)  # also where there is no such point
    return chosen[of_these].assign(weight=weights[of_these].map(lambda w: w.get(rewards[0], 0.0))).sort_values("weight")


def front_of(points: pd.DataFrame, scores: Scores, rewards: list[str], units: dict[str, str], width: float) -> Figure:
    """Both rewards of every policy: larger is better on each axis."""
    figure, axes = plt.subplots(figsize=(width, width * 0.85), layout="constrained")
    x, y = rewards
    for method, (label, marker) in METHODS.items():
        chosen = points[points["method"] == method] if method == "sft" else on_pair(points, method, rewards)
        by_seed = seeds_of(scores, names_of(chosen), x, y)
        bars(axes, chosen, x, y, by_seed, color=COLOURS[method], marker=marker, label=label)
        if method == "soup":
            axes.plot(chosen[x], chosen[y], color=COLOURS[method], linewidth=1)
            for _, end in chosen[chosen["weight"].isin([0, 0.5, 1])].iterrows():
                axes.annotate(f"λ = {end['weight']:g}", (end[x], end[y]), xytext=(6, 6), textcoords="offset points")
    axes.set(xlabel=f"{x} ({units[x]})", ylabel=f"{y} ({units[y]})")
    head(figure, "Soups of two experts against policies trained for one preference each")
    figure.legend(loc="outside lower center", ncols=2, title=title_of(scores))
    return figure


def others_of(points: pd.DataFrame, scores: Scores, rewards: list[str], units: dict[str, str], width: float) -> Figure:
    """Both rewards of what else the policies give, beside the soups; of a merge, the point at the middle λ alone."""
    figure, axes = plt.subplots(figsize=(width, width * 0.85), layout="constrained")
    x, y = rewards
    for method, (label, marker) in {"soup": METHODS["soup"], **OTHERS}.items():
        chosen = on_pair(points, method, rewards)
        if method in MERGES:
            chosen, label = chosen[chosen["weight"] == 0.5], f"{label}, λ = 0.5"
        if len(chosen):
            by_seed = seeds_of(scores, names_of(chosen), x, y)
            bars(axes, chosen, x, y, by_seed, color=COLOURS[method], marker=marker, label=label)
        if method not in ("extrapolated", *MERGES):
            axes.plot(chosen[x], chosen[y], color=COLOURS[method], linewidth=1)
    axes.set(xlabel=f"{x} ({units[x]})", ylabel=f"{y} ({units[y]})")
    head(figure, "What else the same policies give, without more training")
    figure.legend(loc="outside lower center", ncols=2, title=title_of(scores))
    return figure


def names_of(points: pd.DataFrame) -> list[PointName]:
    """The points in the rows of a table."""
    return list(zip(points["method"], points["mixture"]))


def chord_of(evidence: Evidence, points: pd.DataFrame, chord: pd.DataFrame, width: float) -> Figure:
    """Each reward against λ with the chord between the experts, the margin over it, and KL."""
    rewards, units, scores = evidence.settings["rewards"], evidence.settings["units"], scores_of(evidence)
    soups, (above, at) = on_pair(points, "soup", rewards), above_chord(evidence)
    figure, axes = plt.subplots(2, 3, figsize=(width * 1.4, width * 0.75), sharex=True, layout="constrained")
    for i, column in enumerate([*rewards, "kl"]):
        upper = axes[0, i]
        by_seed = placed(soups["weight"], scores.sample(names_of(soups), [column]).values)
        bars(upper, soups, "weight", column, by_seed, color=COLOURS["soup"], marker="o", label="soups")
        if column == "kl":
            upper.set(ylabel="KL to θ_sft (nats)")
            continue
        ends = soups[soups["weight"].isin([0, 1])]
        upper.plot(ends["weight"], ends[column], color="black", linestyle="--", linewidth=1, label="chord")
        upper.set(ylabel=f"{column}\n({units[column]})")
        upper.legend()
        margins = chord[chord["reward"] == column]
        by_seed = placed(margins["weight"], above.values[:, [reward == column for _, reward in at]])
        bars(axes[1, i], margins, "weight", "value", by_seed, color=COLOURS["soup"], marker="o")
        axes[1, i].axhline(0, color="black", linestyle="--", linewidth=1)
        axes[1, i].set(xlabel=f"λ of the {rewards[0]} expert", ylabel=f"{column}\nabove the chord")
    axes[0, 2].set(xlabel=f"λ of the {rewards[0]} expert")
    axes[0, 2].tick_params(labelbottom=True)
    axes[1, 2].axis("off")
    head(figure, "Is a soup's reward above the straight line between its experts?", title_of(scores))
    return figure


def simplex_of(evidence: Evidence, points: pd.DataFrame, gains: pd.DataFrame, width: float) -> Figure:
    """Each of three rewards over the triangle of soups, and the balance of the uniform soup."""
    rewards, soups = evidence.settings["simplex_rewards"], points[points["method"] == "soup"]
    weights = soups["mixture"].map(mixture_weights)
    of_these = weights.map(lambda weight: set(weight) <= set(rewards))
    corners = np.array([[weight.get(name, 0.0) for name in rewards] for weight in weights[of_these]])
    figure = plt.figure(figsize=(width * 1.4, width * 0.95), layout="constrained")
    for i, name in enumerate(rewards):
        ternary(figure, figure.add_subplot(2, 3, i + 1), corners, soups[of_these][name].to_numpy(), rewards, name)
    balance_of(figure.add_subplot(2, 1, 2), gains, balance(evidence), rewards)
    head(figure, "Soups of three experts: each reward, and what the uniform soup gains", title_of(scores_of(evidence)))
    return figure


def balance_of(axes: Axes, gains: pd.DataFrame, by_seed: Mapping[str, Sample], rewards: list[str]) -> None:
    """Each policy's gain over θ_sft on each reward. by_seed: by policy."""
    for i, (policy, sample) in enumerate(by_seed.items()):
        rows = gains[gains["policy"] == policy]
        place = np.arange(len(rewards)) + (i - (len(by_seed) - 1) / 2) * 0.12
        label = policy if policy == "uniform soup" else f"{policy} expert"
        style = {"color": CYCLE[i], "marker": MARKERS[i], "label": label}
        bars(axes, rows.assign(place=place), "place", "value", placed(place, sample.values), **style)
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set_xticks(range(len(rewards)), rewards)
    axes.set(ylabel="gain over θ_sft")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))


if __name__ == "__main__":
    run(draw_figures)
