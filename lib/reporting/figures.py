"""How every figure looks: readable in print, with intervals, in colours that the colour-blind can tell apart."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation
from numpy.typing import ArrayLike, NDArray

from lib.statistics.intervals import Floats, ends_of
from lib.statistics.scores import PointName, Scores

# from the palette of Okabe and Ito
COLOURS = {"soup": "#0072B2", "morl": "#D55E00", "mod": "#009E73", "sft": "#555555"}
COLOURS |= {"extrapolated": "#0072B2", "rescaled": "#56B4E9", "bone": "#CC79A7"}
COLOURS |= dict.fromkeys(["ties", "dare", "model_stock", "slerp", "liti"], "#E69F00")  # told apart by their markers
CYCLE = ["#E69F00", "#56B4E9", "#CC79A7", "#0072B2", "#009E73", "#D55E00"]
GREYS = ["#bbbbbb", "#888888", "#555555"]
MARKERS = "osv^DPX"
FEW = 3  # seeds, up to which each is shown
PAPER = {
    "font.size": 9,
    "legend.fontsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "axes.prop_cycle": cycler(color=CYCLE),
}


def bars(axes: Axes, points: pd.DataFrame, x: str, y: str, by_seed: Floats | None = None, **style) -> None:
    """Points with error bars: the 95 % interval of x and of y, where the table has one.

    by_seed: x and y of each seed, (seeds, points, 2). Where there are so few seeds that an interval says little, they
    stand in its place, small and light.
    """
    errors = {}
    if by_seed is not None and few(len(by_seed)):
        light = {key: style[key] for key in ("color", "marker") if key in style}
        axes.scatter(*by_seed.reshape(-1, 2).T, s=7, alpha=0.4, linewidths=0, **light)
    else:
        errors = {"xerr": to_ends(points, x), "yerr": to_ends(points, y)}
    axes.errorbar(points[x], points[y], **errors, linestyle="none", markersize=5, elinewidth=0.8, capsize=0, **style)


def to_ends(points: pd.DataFrame, column: str) -> Floats | None:
    """How far the ends of a column's intervals are from its values, (2, points); None where there are none."""
    low, high = ends_of(column)
    if low not in points:
        return None
    return np.clip(np.array([points[column] - points[low], points[high] - points[column]]), 0, None)


def few(seeds: int) -> bool:
    """Whether each seed is shown in place of an interval over seeds."""
    return 1 < seeds <= FEW


def seeds_of(scores: Scores, points: Sequence[PointName], x: str, y: str) -> Floats:
    """Two columns of some points for each seed, (seeds, points, 2)."""
    return scores.sample(points, [x, y]).values.reshape(len(scores.seeds), -1, 2)


def placed(x: ArrayLike, y: ArrayLike) -> Floats:
    """`by_seed` of `bars`, where x or y is a place that all seeds share. x, y: (points,) or (seeds, points)."""
    return np.stack(np.broadcast_arrays(x, y), axis=-1)


def title_of(scores: Scores) -> str:
    """What a figure's points and bars are, for its legend."""
    count = len(scores.seeds)
    if count == 1:
        return f"one seed, with 95 % intervals over {scores.prompts} prompts"
    return f"mean of {count} seeds, " + ("small: each seed" if few(count) else "with 95 % intervals")


def head(figure: Figure, title: str, note: str = "") -> None:
    """Puts over a figure what is to be seen in it, and what its points are where no legend says so."""
    figure.suptitle(f"{title}\n{note}" if note else title, x=0.01, ha="left", fontsize=10, wrap=True)


def ternary(
    figure: Figure,
    axes: Axes,
    weights: NDArray[np.float64],
    values: NDArray[np.float64],
    corners: list[str],
    title: str,
) -> None:
    """Contours of values over a triangle. weights: (points, 3) on the simplex; corners: names of the three weights."""
    vertices = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])
    x, y = (weights @ vertices).T
    surface = axes.tricontourf(Triangulation(x, y), values, levels=12, cmap="cividis")
    axes.scatter(x, y, c="white", s=10, edgecolors="black", linewidths=0.5)
    for (cx, cy), corner in zip(vertices, corners):
        below = cy == 0
        axes.annotate(
            corner,
            (cx, cy),
            xytext=(0, -9 if below else 5),
            textcoords="offset points",
            ha="center",
            va="top" if below else "bottom",
            fontsize=8,
        )
    axes.set(aspect="equal", xlim=(-0.15, 1.15), ylim=(-0.15, 1.0))
    axes.set_title(title, pad=8)
    axes.axis("off")
    figure.colorbar(surface, ax=axes, shrink=0.7, format="%.2f")


def save(folder: Path, name: str, figure: Figure, dpi: int) -> None:
    """Writes name.png and name.pdf without dates, so that equal figures give equal bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{name}.png", dpi=dpi, metadata={"Software": None})
    figure.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None, "Producer": None, "Creator": None})
