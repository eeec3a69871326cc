"""Reward along the segment between two SFT models, and over the plane of these and a policy (SALSA, S-5)."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.papers.evidence import by_seed
from lib.papers.salsa.claims import segment_table
from lib.papers.salsa.names import CORNERS, plane_point, segment_point
from lib.reporting.figures import COLOURS, PAPER, bars, head, placed, save, ternary, title_of
from lib.reward_models.mixtures import simplex
from lib.statistics.along_training import with_total
from lib.statistics.scores import Scores, front_table

REWARDS = {"reward": "reward", "gold": "gold reward"}


def score_plane(
    scores: list[Path],
    plane: Output,
    *,
    divisions: int,
    seeds: list[int],
    corner: str,
    reward: dict[str, float],
    width: float,
    dpi: int,
) -> None:
    """scores: of the plane's points, a file per seed. corner: the policy's name, for the third corner."""
    plt.rcParams.update(PAPER)
    tables = {seed: with_total(table, reward) for seed, table in by_seed(scores, seeds).items()}
    found = Scores.of(tables, [*REWARDS, "kl"])
    table = front_table(found, found.columns)
    plane.mkdir()
    table.drop(columns="method").to_csv(plane / "points.csv", index=False)
    segment_table(found, divisions).to_csv(plane / "segment.csv", index=False)
    points = table.set_index(["method", "mixture"])
    save(plane, "segment", segment_of(found, points, divisions, width), dpi)
    save(plane, "plane", contours_of(points, divisions, corner, width), dpi)


def segment_of(scores: Scores, points: pd.DataFrame, divisions: int, width: float) -> Figure:
    """Rewards along α θ_sft1 + (1 − α) θ_sft2, with the chord."""
    figure, panels = plt.subplots(1, 2, figsize=(width, width * 0.45), layout="constrained")
    alphas = [i / divisions for i in range(divisions + 1)]
    names = [segment_point(alpha) for alpha in alphas]
    line = points.loc[names].assign(alpha=alphas)
    for axes, (column, label) in zip(panels, REWARDS.items()):
        axes.plot([0, 1], line[column].iloc[[0, -1]], color="black", linestyle="--", linewidth=0.8)
        axes.plot(line["alpha"], line[column], color=COLOURS["soup"], linewidth=1)
        by_seed = placed(alphas, scores.sample(names, [column]).values)
        bars(axes, line, "alpha", column, by_seed, color=COLOURS["soup"], marker="o")
        axes.set(xlabel="α of θ_sft1", ylabel=label)
    head(figure, "Soups of the two SFT models", title_of(scores))
    return figure


def contours_of(points: pd.DataFrame, divisions: int, corner: str, width: float) -> Figure:
    """Rewards over the triangle of θ_sft1, θ_sft2 and a policy."""
    figure, panels = plt.subplots(1, 2, figsize=(width * 1.2, width * 0.55), layout="constrained")
    mixtures = simplex(CORNERS, divisions)
    weights = np.array([list(mixture.values()) for mixture in mixtures])
    for axes, (column, label) in zip(panels, REWARDS.items()):
        values = points.loc[[plane_point(mixture) for mixture in mixtures], column].to_numpy()
        ternary(figure, axes, weights, values, ["θ_sft1", "θ_sft2", corner], label)
    head(figure, "Soups of the two SFT models and a policy")
    return figure


if __name__ == "__main__":
    run(score_plane)
