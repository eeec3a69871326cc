"""The figures of methods together: the fronts of all variants, and reward along KL."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.papers.evidence import Evidence
from lib.papers.rewarded_soups.fronts import scores_of
from lib.papers.together.claims import front_of, path_of
from lib.papers.together.names import START, TOGETHER, middle
from lib.papers.together.styles import STYLES
from lib.reporting.figures import PAPER, bars, head, save, seeds_of, title_of
from lib.statistics.scores import front_table


def draw_figures(evidence: Path, front: Path, figures: Output, *, width: float, dpi: int) -> None:
    draw(Evidence.read(evidence), {"front": pd.read_csv(front)}, figures, width, dpi)


def draw(evidence: Evidence, tables: Mapping[str, pd.DataFrame], folder: Path, width: float, dpi: int) -> None:
    """tables: front."""
    plt.rcParams.update(PAPER)
    points = tables["front"].set_index(["method", "mixture"])
    save(folder, "front", fronts_of(evidence, points, width), dpi)
    save(folder, "kl", along_kl(evidence, width), dpi)


def fronts_of(evidence: Evidence, points: pd.DataFrame, width: float) -> Figure:
    """Gold and the second reward of every expert and soup: larger is better on each axis."""
    figure, axes = plt.subplots(figsize=(width, width * 0.85), layout="constrained")
    scores, (x, y), units = scores_of(evidence), evidence.settings["rewards"], evidence.settings["units"]
    axes.scatter(points.loc[[START], x], points.loc[[START], y], color="black", marker="*", s=60, label="θ_sft1")
    for variant, (colour, marker) in STYLES.items():
        names = front_of(evidence, variant)
        line = points.loc[names]
        style = {"color": colour, "marker": marker, "label": variant}
        axes.plot(line[x], line[y], color=colour, linewidth=2 if variant == TOGETHER else 1)
        bars(axes, line, x, y, seeds_of(scores, names, x, y), **style)
        for place in (0, -1) if variant == TOGETHER else ():
            end = (line[x].iloc[place], line[y].iloc[place])
            axes.annotate(names[place][1].replace("=", " = "), end, xytext=(6, 6), textcoords="offset points")
    axes.set(xlabel=f"{x} ({units[x]}), larger is better", ylabel=f"{y} ({units[y]}), larger is better")
    head(figure, "Do the methods reach more together than each alone?", "soups of two experts; up and right is better")
    note = f"λ: weight of the first expert; {title_of(scores)}"
    figure.legend(loc="outside lower center", ncols=3, title=note)
    return figure


def along_kl(evidence: Evidence, width: float) -> Figure:
    """Reward of the user in the middle against KL, from θ_sft1 to the soup that is as the user is."""
    figure, axes = plt.subplots(figsize=(width, width * 0.75), layout="constrained")
    weight, (gold, second) = middle(evidence.settings["weights"]), evidence.settings["rewards"]
    scores = scores_of(evidence).with_sum("utility", {gold: weight, second: 1 - weight})
    for variant, (colour, marker) in STYLES.items():
        path = path_of(evidence, variant, weight)
        line = front_table(scores, ["kl", "utility"], path)
        # only the soup has a bar: those of its path are nearly the same
        axes.plot(line["kl"], line["utility"], color=colour, linewidth=2 if variant == TOGETHER else 1)
        style = {"color": colour, "marker": marker, "label": variant}
        bars(axes, line[-1:], "kl", "utility", seeds_of(scores, path[-1:], "kl", "utility"), **style)
    mixture = f"{weight:g} {gold} + {1 - weight:g} {second}"
    axes.set(xlabel="KL to θ_sft1 (nats), smaller is nearer", ylabel=f"{mixture}, larger is better")
    head(figure, f"What the soups at λ = {weight:g} pay in KL", "reward on the path from θ_sft1; up and left is better")
    figure.legend(loc="outside lower center", ncols=3, title=title_of(scores))
    return figure


if __name__ == "__main__":
    run(draw_figures)
