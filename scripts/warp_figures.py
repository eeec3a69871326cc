"""The figures of WARP: the plane of KL and reward, SLERP and LERP along λ, and the angle in each layer."""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.jobs.arguments import KeyedFiles, Output
from lib.jobs.command_line import run
from lib.papers.warp.names import between_point, fixed_point, liti_point
from lib.reporting.figures import COLOURS, CYCLE, PAPER, bars, save
from lib.statistics.along_training import Trajectory, read_trajectory

LINES, MARKERS = ["-", "--", ":", "-."], "ovs^D"  # by M
LABELS = 12  # of layers: no more fit under the axis
GREYS = ["#bbbbbb", "#888888", "#555555"]


def draw(
    plane: Path,
    figures: Output,
    *,
    moving: KeyedFiles,
    fixed: KeyedFiles,
    angles: KeyedFiles,
    reward: dict[str, float],
    policies: list[int],
    iterations: int,
    front: list[float],
    weights: list[float],
    fixed_betas: list[float],
    seeds: list[int],
    width: float,
    dpi: int,
) -> None:
    """moving: training histories by iteration and seed. fixed: by β, a file per seed. angles: by iteration, a file per
    seed.
    """
    plt.rcParams.update(PAPER)
    points = pd.read_csv(plane).set_index(["method", "mixture"])
    trained = {f"anchor fixed, β = {beta:g}": fixed[f"{beta:g}"] for beta in fixed_betas}
    for i in range(1, iterations + 1):
        trained[f"moving anchor, iteration {i}"] = [path for seed in seeds for path in moving[str(i)][str(seed)]]
    trajectories = {label: [read_trajectory(path, reward) for path in paths] for label, paths in trained.items()}
    save(figures, "plane", plane_of(points, trajectories, fixed_betas, policies, iterations, sorted(front), width), dpi)
    save(figures, "weights", weights_of(points, sorted(weights), width), dpi)
    tables = [[pd.read_csv(path) for path in paths] for paths in (angles[str(i)] for i in range(1, iterations + 1))]
    save(figures, "angles", angles_of(tables, width), dpi)


def plane_of(
    points: pd.DataFrame,
    trajectories: Mapping[str, Sequence[Trajectory]],
    betas: list[float],
    policies: list[int],
    iterations: int,
    front: list[float],
    width: float,
) -> Figure:
    """Reward against KL to θ_sft: training (thin, a line per seed), fixed anchors and the fronts of LITI."""
    figure, axes = plt.subplots(figsize=(width, width), layout="constrained")
    colours = [GREYS[i % len(GREYS)] for i in range(len(betas))]
    colours += [CYCLE[i % len(CYCLE)] for i in range(iterations)]
    for (label, paths), colour in zip(trajectories.items(), colours, strict=True):
        for i, path in enumerate(paths):
            name = None if i else f"training, {label}"
            axes.plot(path[:, 1], path[:, 0], color=colour, linewidth=0.7, alpha=0.7, label=name)
    ends = points.loc[[fixed_point(beta) for beta in betas]]
    bars(axes, ends, "kl", "reward", color="black", marker="X", label="anchor fixed at θ_sft")
    for beta, x, y in zip(betas, ends["kl"], ends["reward"]):
        axes.annotate(f"β = {beta:g}", (x, y), xytext=(-6, 5), textcoords="offset points", ha="right", fontsize=7)
    for i, count in enumerate(sorted(policies, reverse=True)):
        for iteration, colour in zip(range(1, iterations + 1), cycle(CYCLE)):
            line = points.loc[[liti_point(count, iteration, eta) for eta in front]]
            axes.plot(line["kl"], line["reward"], LINES[i % len(LINES)], color=colour, linewidth=1)
            label = f"LITI, M = {count}, iteration {iteration}"
            bars(axes, line, "kl", "reward", color=colour, marker=MARKERS[i % len(MARKERS)], label=label)
    axes.set(xlabel="KL to θ_sft (nats)", ylabel="reward")
    title = "means with 95 % intervals on held-out prompts; training is on its own prompts"
    figure.legend(loc="outside lower center", ncols=2, title=title)
    return figure


def weights_of(points: pd.DataFrame, weights: list[float], width: float) -> Figure:
    """Reward and KL along λ between two policies of the first iteration, by SLERP and by LERP."""
    figure, both = plt.subplots(1, 2, figsize=(width * 1.2, width * 0.5), layout="constrained")
    for axes, column, label in zip(both, ("reward", "kl"), ("reward", "KL to θ_sft (nats)")):
        for method, colour, shift in (("slerp", COLOURS["soup"], -0.008), ("lerp", COLOURS["morl"], 0.008)):
            line = points.loc[[between_point(method, weight) for weight in weights]].assign(
                weight=np.array(weights) + shift
            )
            axes.plot(line["weight"], line[column], color=colour, linewidth=1)
            bars(axes, line, "weight", column, color=colour, marker="o", label=method.upper())
        axes.set(xlabel="λ of the second policy", ylabel=label)
    both[0].legend()
    return figure


def angles_of(tables: list[list[pd.DataFrame]], width: float) -> Figure:
    """The angle between task vectors and their norms in each layer. tables: by iteration and seed."""
    figure, (above, below) = plt.subplots(2, 1, figsize=(width, width * 0.8), sharex=True, layout="constrained")
    layers = sorted(tables[0][0]["layer"].unique(), key=depth)
    for i, seed_tables in enumerate(tables):
        table = pd.concat(seed_tables)
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
    below.set_xticks(shown, [layers[i].removeprefix("model.") for i in shown], rotation=30, ha="right")
    return figure


def depth(layer: str) -> list[tuple[int, str]]:
    """A sort key for layers in the order of the model: the second before the tenth."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in layer.split(".")]


if __name__ == "__main__":
    run(draw)
