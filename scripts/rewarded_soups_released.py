"""Fronts beside those that the authors released of their locomotion: one figure, and what each front is worth."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.papers.claims import NotTestable
from lib.papers.evidence import Evidence
from lib.papers.rewarded_soups.fronts import scores_of, soup_points
from lib.papers.rewarded_soups.released import indicators, our_scores, their_points
from lib.papers.rewarded_soups.styles import METHODS
from lib.reporting.figures import COLOURS, PAPER, bars, head, save, title_of
from lib.reward_models.mixtures import between
from lib.statistics.intervals import intervals


def write_released(evidence: Path, table: Output, figures: Output, *, width: float, dpi: int) -> None:
    found = Evidence.read(evidence)
    indicators(found).to_csv(table, index=False)
    plt.rcParams.update(PAPER)
    save(figures, "released", side_by_side(found, width), dpi)


def side_by_side(evidence: Evidence, width: float) -> Figure:
    """The fronts here and the authors', scaled alike. width: in inches, of a figure of one front."""
    figure, axes = plt.subplots(
        1, 2, figsize=(width * 1.4, width * 0.75), sharex=True, sharey=True, layout="constrained"
    )
    draw_ours(axes[0], evidence)
    draw_theirs(axes[1])
    for one in axes:
        one.axhline(0, color="black", linewidth=0.5)
        one.axvline(0, color="black", linewidth=0.5)
        one.set(xlabel=f"{evidence.settings['rewards'][0]}: 0 at θ_sft, 1 at its expert")
    axes[0].set(ylabel=f"{evidence.settings['rewards'][1]}: 0 at θ_sft, 1 at its expert")
    figure.legend(*axes[1].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    head(figure, "The fronts here and those that the authors released", title_of(scores_of(evidence)))
    return figure


def draw_ours(axes: Axes, evidence: Evidence) -> None:
    """Soups at all λ and MORL, each the mean of the seeds with its interval; why not, where an expert gains nothing."""
    rewards, settings = evidence.settings["rewards"], evidence.settings
    try:
        scores = our_scores(evidence)
    except NotTestable as reason:
        axes.set(title=f"here: {reason}")
        return
    groups = {
        "soup": soup_points(rewards, sorted(settings["weights"])),
        "morl": [("morl", name) for name in between(rewards, settings["preferences"])],
        "sft": [("sft", settings["start"])],
    }
    for method, points in groups.items():
        sample = scores.sample(points, rewards)
        low, high = (end.reshape(-1, 2) for end in intervals(sample))
        mean = sample.mean.reshape(-1, 2)
        columns = {}
        for i, name in enumerate("xy"):
            columns |= {name: mean[:, i], f"{name}_low": low[:, i], f"{name}_high": high[:, i]}
        label, marker = METHODS[method]
        by_seed = sample.values.reshape(-1, len(points), 2)
        bars(axes, pd.DataFrame(columns), "x", "y", by_seed, color=COLOURS[method], marker=marker, label=label)
        if method == "soup":
            axes.plot(mean[:, 0], mean[:, 1], color=COLOURS[method], linewidth=1)
    axes.set(title="here")


def draw_theirs(axes: Axes) -> None:
    """The points that are released, one run each."""
    for method, points in their_points().items():
        label, marker = METHODS[method]
        places = np.array(list(points.values()))
        axes.scatter(*places.T, color=COLOURS[method], marker=marker, label="θ_sft" if method == "sft" else label, s=25)
        for name, place in points.items():
            below = method == "soup"  # MORL's names are above
            axes.annotate(name, place, xytext=(5, -12 if below else 5), textcoords="offset points")
    axes.set(title="the authors: a humanoid")


if __name__ == "__main__":
    run(write_released)
