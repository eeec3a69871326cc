"""The figures of SALSA: reward and KL along training, win rates, and rewards and KL over α."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.jobs.arguments import KeyedFiles, Output
from lib.jobs.command_line import run
from lib.papers.salsa.names import Variant
from lib.reporting.figures import COLOURS, CYCLE, PAPER, bars, save
from lib.statistics.along_training import Trajectory, read_trajectory

MARKERS = "osv^DPX"  # by β
ENOUGH = 3  # points for a curve over α


def draw(
    policies: Path,
    comparisons: Path,
    figures: Output,
    *,
    trainings: KeyedFiles,
    variants: list[list],
    reward: dict[str, float],
    width: float,
    dpi: int,
) -> None:
    """trainings: histories by policy, a file per seed."""
    plt.rcParams.update(PAPER)
    table, compared = pd.read_csv(policies), pd.read_csv(comparisons)
    trained = [Variant(*listed) for listed in variants]
    paths = {variant: [read_trajectory(path, reward) for path in trainings[variant.name]] for variant in trained}
    [within, *_] = table["prompts"].unique()
    points = table[table["prompts"] == within].set_index("mixture")
    save(figures, "training", training_of(paths, points, width), dpi)
    save(figures, "win_rates", win_rates_of(compared[compared["comparison"] == "win rate"], width), dpi)
    along = along_alpha(trained)
    if len(along) >= ENOUGH:
        save(figures, "alphas", alphas_of(points.loc[[variant.name for variant in along]], along, width), dpi)


def along_alpha(variants: Sequence[Variant]) -> list[Variant]:
    """Policies that start at θ_sft1, at the β with the largest number of α, in the order of α."""
    from_sft = sorted((variant for variant in variants if variant.start == "sft"), key=lambda variant: variant.alpha)
    by_beta = {variant.beta: [other for other in from_sft if other.beta == variant.beta] for variant in from_sft}
    return max(by_beta.values(), key=len, default=[])


def training_of(trainings: Mapping[Variant, Sequence[Trajectory]], points: pd.DataFrame, width: float) -> Figure:
    """Reward against KL to θ_sft1: training (thin, a line per seed), and the trained policies on held-out prompts."""
    figure, axes = plt.subplots(figsize=(width, width * 0.9), layout="constrained")
    betas = sorted({variant.beta for variant in trainings})
    references = list(dict.fromkeys((variant.start, variant.alpha) for variant in trainings))
    for variant, paths in trainings.items():
        colour = CYCLE[references.index((variant.start, variant.alpha)) % len(CYCLE)]
        for path in paths:
            axes.plot(path[:, 1], path[:, 0], color=colour, linewidth=0.7, alpha=0.35)
        marker = MARKERS[betas.index(variant.beta) % len(MARKERS)]
        bars(axes, points.loc[[variant.name]], "kl", "reward", color=colour, marker=marker, label=variant.name)
    axes.set(xlabel="KL to θ_sft1 (nats)", ylabel="reward")
    title = "means with 95 % intervals on held-out prompts; lines: training, on its own prompts"
    figure.legend(loc="outside lower center", ncols=3, title=title)
    return figure


def win_rates_of(rates: pd.DataFrame, width: float) -> Figure:
    """How often the gold reward prefers the first policy of each pair, by the prompts' domains."""
    labels = (rates["policy"] + "  against  " + rates["against"]).drop_duplicates()
    figure, axes = plt.subplots(figsize=(width * 1.2, 1.2 + 0.4 * len(labels)), layout="constrained")
    styles = zip((COLOURS["soup"], COLOURS["morl"]), "os", (-0.1, 0.1))
    for (domains, domain_rates), (colour, marker, shift) in zip(rates.groupby("prompts", sort=False), styles):
        points = domain_rates.rename(columns={"low": "rate_low", "high": "rate_high", "value": "rate"})
        points = points.assign(place=np.arange(len(points)) + shift)
        bars(axes, points, "rate", "place", color=colour, marker=marker, label=domains)
    axes.axvline(0.5, color="black", linestyle="--", linewidth=0.8)
    axes.set_yticks(range(len(labels)), labels)
    axes.set(xlabel="win rate by the gold reward, ties as half", ylim=(len(labels) - 0.5, -0.5))
    figure.legend(loc="outside lower center", ncols=2, title="prompts")
    return figure


def alphas_of(points: pd.DataFrame, along: Sequence[Variant], width: float) -> Figure:
    """Reward, gold reward and both KLs against α, at one β."""
    figure, panels = plt.subplots(1, 3, figsize=(width * 1.5, width * 0.5), layout="constrained")
    points = points.assign(alpha=[variant.alpha for variant in along])
    labels = {"kl": "to θ_sft1", "kl_to_anchor": "to the reference"}
    contents = {"reward": ["reward"], "gold reward": ["gold"], "KL (nats)": list(labels)}
    for axes, (title, columns) in zip(panels, contents.items()):
        for column, colour in zip(columns, (COLOURS["soup"], COLOURS["morl"])):
            axes.plot(points["alpha"], points[column], color=colour, linewidth=1)
            bars(axes, points, "alpha", column, color=colour, marker="o", label=labels.get(column))
        axes.set(xlabel="α of θ_sft1 in the reference", ylabel=title)
    panels[-1].legend(loc="upper left")
    figure.suptitle(f"β = {along[0].beta:g}", fontsize=9)
    return figure


if __name__ == "__main__":
    run(draw)
