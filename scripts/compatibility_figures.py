"""The figures on when a soup is enough: the map of pairs of rewards, and soups minus MORL for each pair."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.papers.compatibility.measures import by_pair
from lib.papers.compatibility.released import LOCOMOTION, NEWS
from lib.papers.compatibility.styles import COMPATIBILITY, GAPS, REACHED, style_of
from lib.papers.evidence import Evidence
from lib.reporting.figures import GREYS, PAPER, bars, head, placed, save, title_of
from lib.statistics.intervals import Sample

Measures = Mapping[str, Mapping[str, Sample]]


def draw_figures(evidence: Path, map: Path, figures: Output, *, width: float, dpi: int) -> None:
    draw(Evidence.read(evidence), {"map": pd.read_csv(map)}, figures, width, dpi)


def draw(evidence: Evidence, tables: Mapping[str, pd.DataFrame], folder: Path, width: float, dpi: int) -> None:
    """tables: map (`lib.papers.compatibility.claims.tables`)."""
    plt.rcParams.update(PAPER)
    table, found, note = tables["map"], by_pair(evidence), title_of(evidence.scores["moments"])
    save(folder, "map", map_of(table, found, note, width), dpi)
    save(folder, "gaps", gaps_of(table, found, note, width), dpi)


def map_of(table: pd.DataFrame, found: Measures, note: str, width: float) -> Figure:
    """What soups reach of what MORL reaches, against both measures of compatibility."""
    figure, axes = plt.subplots(
        2, 2, figsize=(width * 1.4, width * 1.2), sharex="col", sharey="row", layout="constrained"
    )
    for row, (y, reached) in zip(axes, REACHED.items()):
        for panel, x in zip(row, COMPATIBILITY):
            pairs_on(panel, table, found, x, y)
            panel.axhline(1, color="black", linestyle="--", linewidth=0.8)
        row[0].set(ylabel=f"{reached},\nsoups / MORL →")
    for panel, compatible in zip(axes[1], COMPATIBILITY.values()):
        panel.set(xlabel=f"{compatible} →")
    released_on(*axes[1])
    head(figure, "When is a soup enough? Above the dashed line soups reach more than as many MORL policies", note)
    figure.legend(*axes[1, 1].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def pairs_on(axes: Axes, table: pd.DataFrame, found: Measures, x: str, y: str) -> None:
    """A point for each pair of rewards, in a style of its own, with its number in the legend."""
    for i, pair in enumerate(table["pair"]):
        row, by_seed = table[table["pair"] == pair], placed(found[pair][x].values, found[pair][y].values)
        bars(axes, row, x, y, by_seed, label=f"{i + 1} {pair}", **style_of(i))
        axes.annotate(f"{i + 1}", row[[x, y]].to_numpy()[0], xytext=(5, 4), textcoords="offset points", fontsize=8)


def released_on(by_correlation: Axes, by_cross_gain: Axes) -> None:
    """What the authors of Rewarded Soups released, in hypervolume above θ_sft."""
    label = "authors: locomotion, 21 soups / 11 MORL, one run"
    by_cross_gain.plot(LOCOMOTION["cross_gain"], LOCOMOTION["volume_reached"], "k*", markersize=9, label=label)
    for axes in (by_correlation, by_cross_gain):
        label = "authors: news, 21 soups / experts and 1 MORL"
        axes.axhline(NEWS["volume_reached"], color=GREYS[1], linestyle=":", linewidth=1.2, label=label)


def gaps_of(table: pd.DataFrame, found: Measures, note: str, width: float) -> Figure:
    """Soups minus MORL: a row for each pair, the most compatible at the top, and a marker for each comparison."""
    ordered = table.sort_values("cross_gain", na_position="first").reset_index(drop=True)
    figure, axes = plt.subplots(figsize=(width * 1.2, width * (0.3 + 0.12 * len(ordered))), layout="constrained")
    for shift, (name, (label, marker, colour)) in zip((0.2, 0, -0.2), GAPS.items()):
        place = np.arange(len(ordered)) + shift
        values = np.concatenate([found[pair][name].values for pair in ordered["pair"]], axis=1)
        by_seed = placed(values, place)
        bars(axes, ordered.assign(place=place), name, "place", by_seed, color=colour, marker=marker, label=label)
    axes.axvline(0, color="black", linestyle="--", linewidth=0.8)
    titles = [f"{row.pair}\ncross-gain {row.cross_gain:.2f}" for row in ordered.itertuples()]
    axes.set_yticks(range(len(ordered)), titles)
    axes.set(xlabel="reward of soups minus MORL (share of what the experts gain) →")
    head(figure, "Soups minus MORL for each pair of rewards: right of the dashed line a soup is enough", note)
    figure.legend(loc="outside lower center", ncols=1)
    return figure


if __name__ == "__main__":
    run(draw_figures)
