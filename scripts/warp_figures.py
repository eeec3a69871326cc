"""The figures of WARP: the plane of KL and reward, SLERP and LERP along λ, and the angle in each layer."""

import math
from collections.abc import Mapping
from itertools import cycle
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.papers.evidence import Evidence
from lib.papers.warp.claims import fixed_front, front_of, moving_front, scores_of
from lib.papers.warp.names import between_point
from lib.reporting.figures import COLOURS, CYCLE, GREYS, MARKERS, PAPER, bars, head, placed, save, seeds_of, title_of
from lib.statistics.equal_kl import GRID, reward_at

LINES = ["-", "--", ":", "-."]  # by M
LABELS = 12  # of layers: no more fit under the axis


def draw_figures(evidence: Path, plane: Path, figures: Output, *, width: float, dpi: int) -> None:
    draw(Evidence.read(evidence), {"plane": pd.read_csv(plane)}, figures, width, dpi)


def draw(evidence: Evidence, tables: Mapping[str, pd.DataFrame], folder: Path, width: float, dpi: int) -> None:
    """tables: plane."""
    plt.rcParams.update(PAPER)
    points = tables["plane"].set_index(["method", "mixture"])
    save(folder, "plane", plane_of(points, evidence, width), dpi)
    save(folder, "weights", weights_of(points, evidence, width), dpi)
    by_iteration = [table for _, table in evidence.tables["angles"].groupby("iteration")]
    save(folder, "angles", angles_of(by_iteration, width), dpi)


def plane_of(points: pd.DataFrame, evidence: Evidence, width: float) -> Figure:
    """Reward against KL to θ_sft: the fronts of LITI, of merges, of the moving anchor and of fixed ones.

    A front is the curve from θ_sft to a policy that is compared at equal KL, through its points, with an interval at
    its end.
    """
    figure, axes = plt.subplots(figsize=(width, width), layout="constrained")
    settings, scores = evidence.settings, scores_of(evidence)
    fronts = {f"anchor fixed, β = {beta:g}": fixed_front(evidence, beta) for beta in settings["fixed_betas"]}
    styles = [{"color": GREYS[i % len(GREYS)], "marker": "X", "linestyle": "-"} for i in range(len(fronts))]
    fronts["moving anchor"] = moving_front(evidence)
    styles.append({"color": COLOURS["morl"], "marker": "P", "linestyle": "-"})
    for i, count in enumerate(sorted(settings["policies"], reverse=True)):
        for iteration, colour in zip(range(1, settings["iterations"] + 1), cycle(CYCLE)):
            fronts[f"M = {count}, iteration {iteration}"] = front_of(evidence, count, iteration)
            marker, line = MARKERS[i % len(MARKERS)], LINES[i % len(LINES)]
            styles.append({"color": colour, "marker": marker, "linestyle": line})
    for (label, front), style in zip(fronts.items(), styles, strict=True):
        line = points.loc[front]
        kl = np.linspace(line["kl"].min(), line["kl"].max(), GRID)
        curve = reward_at(line[["reward", "kl"]].to_numpy(), kl)
        axes.plot(kl, curve, linewidth=1, color=style["color"], linestyle=style["linestyle"])
        axes.plot(line["kl"], line["reward"], linestyle="", markersize=3, color=style["color"], marker=style["marker"])
        by_seed = seeds_of(scores, front[-1:], "kl", "reward")
        end = {"color": style["color"], "marker": style["marker"], "label": label}
        bars(axes, line.iloc[[-1]], "kl", "reward", by_seed, **end)
    axes.set(xlabel="KL to θ_sft (nats)", ylabel="reward")
    head(figure, "Reward against KL: up and left is better")
    figure.legend(loc="outside lower center", ncols=2, title=f"fronts from θ_sft; {title_of(scores)}")
    return figure


def weights_of(points: pd.DataFrame, evidence: Evidence, width: float) -> Figure:
    """Reward and KL along λ between two policies of the first iteration, by SLERP and by LERP."""
    figure, both = plt.subplots(1, 2, figsize=(width * 1.2, width * 0.6), layout="constrained")
    scores, weights = scores_of(evidence), sorted(evidence.settings["weights"])
    for axes, column, label in zip(both, ("reward", "kl"), ("reward", "KL to θ_sft (nats)")):
        for method, colour, shift in (("slerp", COLOURS["soup"], -0.008), ("lerp", COLOURS["morl"], 0.008)):
            names = [between_point(method, weight) for weight in weights]
            line = points.loc[names].assign(weight=np.array(weights) + shift)
            axes.plot(line["weight"], line[column], color=colour, linewidth=1)
            by_seed = placed(line["weight"], scores.sample(names, [column]).values)
            bars(axes, line, "weight", column, by_seed, color=colour, marker="o", label=method.upper())
        axes.set(xlabel="λ of the second policy", ylabel=label)
    head(figure, "Two policies merged by SLERP and by LERP")
    figure.legend(*both[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, title=title_of(scores))
    return figure


def angles_of(tables: list[pd.DataFrame], width: float) -> Figure:
    """The angle between task vectors and their norms in each layer, of all seeds. tables: by iteration."""
    figure, (above, below) = plt.subplots(2, 1, figsize=(width, width * 0.8), sharex=True, layout="constrained")
    layers = sorted(tables[0]["layer"].unique(), key=depth)
    for i, table in enumerate(tables):
        place = table["layer"].map(layers.index) + 0.16 * (i - (len(tables) - 1) / 2)
        style = {"s": 14, "color": CYCLE[i % len(CYCLE)], "alpha": 0.8}
        above.scatter(place, table["degrees"], label=f"iteration {i + 1}", **style)
        for end in ("norm_first", "norm_second"):
            below.scatter(place, table[end], **style)
    above.axhline(90, color="black", linestyle="--", linewidth=0.8)
    above.set(ylabel="angle between\ntask vectors (degrees)", ylim=(0, 180))
    above.set_yticks(range(0, 181, 30))
    above.legend()
    below.set(ylabel="norm of a task vector", yscale="log")
    shown = range(0, len(layers), math.ceil(len(layers) / LABELS))
    head(figure, "Task vectors of independent trainings: the angle between them, and their norms")
    below.set_xticks(shown, [layers[i].removeprefix("model.") for i in shown], rotation=30, ha="right")
    return figure


def depth(layer: str) -> list[tuple[int, str]]:
    """A sort key for layers in the order of the model: the second before the tenth."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in layer.split(".")]


if __name__ == "__main__":
    run(draw_figures)
