"""The figures of WARP: the plane of KL and reward, SLERP and LERP along λ, and the angle in each layer."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lib.figures import COLOURS, CYCLE, PAPER, bars, save
from lib.warp import trajectory
from lib.warp_points import between_point, fixed_point, liti_point
from scripts.command_line import Output, run

Path2D = NDArray[np.float64]  # (records, 2): reward and KL
GREYS = ["#bbbbbb", "#888888", "#555555"]


def draw(
    plane: Path,
    histories: list[Path],
    angles: list[Path],
    figures: Output,
    *,
    reward: dict[str, float],
    policies: list[int],
    iterations: int,
    front: list[float],
    weights: list[float],
    fixed_betas: list[float],
    seed_count: int,
    width: float,
    dpi: int,
) -> None:
    plt.rcParams.update(PAPER)
    points = pd.read_csv(plane).set_index(["method", "mixture"])
    paths = [trajectory(json.loads(path.read_text())["history"], reward) for path in histories]
    moving, *fixed = [paths[i : i + seed_count] for i in range(0, len(paths), seed_count)]
    save(figures, "plane", plane_of(points, moving, fixed, fixed_betas, policies, iterations, front, width), dpi)
    save(figures, "weights", weights_of(points, weights, width), dpi)
    save(figures, "angles", angles_of([pd.read_csv(path) for path in angles], width), dpi)


def plane_of(
    points: pd.DataFrame,
    moving: list[Path2D],
    fixed: list[list[Path2D]],
    betas: list[float],
    policies: list[int],
    iterations: int,
    front: list[float],
    width: float,
) -> Figure:
    """Reward against KL to θ_sft: training (thin, a line per seed), fixed anchors and the fronts of LITI."""
    figure, axes = plt.subplots(figsize=(width, width * 0.8), layout="constrained")
    for paths, colour, label in [
        (moving, COLOURS["morl"], "training, moving anchor"),
        *(
            (paths, GREYS[i % len(GREYS)], f"training, β = {beta:g}")
            for i, (paths, beta) in enumerate(zip(fixed, betas))
        ),
    ]:
        for i, path in enumerate(paths):
            axes.plot(path[:, 1], path[:, 0], color=colour, linewidth=0.6, alpha=0.6, label=None if i else label)
    ends = points.loc[[fixed_point(beta) for beta in betas]]
    bars(axes, ends, "kl", "reward", color="black", marker="X", label="trained, anchor fixed at θ_sft")
    for beta, x, y in zip(betas, ends["kl"], ends["reward"]):
        axes.annotate(f"β = {beta:g}", (x, y), xytext=(-6, 5), textcoords="offset points", ha="right", fontsize=7)
    for style, count in zip(("-", "--", ":"), sorted(policies, reverse=True)):
        for iteration in range(1, iterations + 1):
            line = points.loc[[liti_point(count, iteration, eta) for eta in front]]
            colour = CYCLE[(iteration - 1) % len(CYCLE)]
            axes.plot(line["kl"], line["reward"], style, color=colour, linewidth=1)
            label = f"LITI, M = {count}, iteration {iteration}"
            bars(axes, line, "kl", "reward", color=colour, marker="o" if style == "-" else "v", label=label)
    axes.set(xlabel="KL to θ_sft (nats)", ylabel="reward")
    figure.legend(
        loc="outside lower center", ncols=2, title="means with 95 % intervals; trajectories are of training prompts"
    )
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


def angles_of(tables: list[pd.DataFrame], width: float) -> Figure:
    """The angle between task vectors in each layer, a point per pair of policies and seed."""
    figure, axes = plt.subplots(figsize=(width, width * 0.55), layout="constrained")
    layers = list(tables[0]["layer"])
    for table in tables:
        axes.scatter(table["layer"].map(layers.index), table["degrees"], s=14, color=COLOURS["soup"], alpha=0.8)
    axes.axhline(90, color="black", linestyle="--", linewidth=0.8)
    axes.set_xticks(range(len(layers)), [layer.removeprefix("model.") for layer in layers], rotation=30, ha="right")
    axes.set(ylabel="angle between task vectors (degrees)", ylim=(0, 180))
    axes.set_yticks(range(0, 181, 30))
    return figure


if __name__ == "__main__":
    run(draw)
