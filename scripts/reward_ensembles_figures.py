"""The figures of Scalable Ensembling: gold and proxy along training and for best-of-n, all policies, calibration."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.jobs.arguments import KeyedFiles, Output
from lib.jobs.command_line import run
from lib.papers.reward_ensembles.claims import training_curves
from lib.papers.reward_ensembles.names import Variant, aggregates_of
from lib.reporting.figures import COLOURS, CYCLE, PAPER, bars, save
from lib.reward_models.proxies import MEMBERS, Ensemble
from lib.statistics.along_training import read_history
from lib.statistics.intervals import Floats

LINES = {"mean": "--", "worst_case": "-", "uncertainty_weighted": ":"}
TICKS = (0, 1, 5, 10, 20, 40, 80, 160)  # nats
COLOUR_OF_KIND = {"single": COLOURS["sft"], "models": COLOURS["morl"], "heads": COLOURS["soup"]}


def draw(
    policies: Path,
    best_of_n: Path,
    reliability: Path,
    figures: Output,
    *,
    trainings: KeyedFiles,
    variants: list[list],
    width: float,
    dpi: int,
) -> None:
    """trainings: histories by policy, a file per seed."""
    plt.rcParams.update(PAPER)
    trained = [Variant.of(listed) for listed in variants]
    curves = {variant: training_curves([read_history(path) for path in trainings[variant.name]]) for variant in trained}
    shown = {variant: curve for variant, curve in curves.items() if is_standard(variant.ensemble)}
    save(figures, "training_steps", training_of(shown, width, along_kl=False), dpi)
    save(figures, "training_kl", training_of(shown, width, along_kl=True), dpi)
    save(figures, "policies", policies_of(pd.read_csv(policies), trained, width), dpi)
    standard = [reward for reward in aggregates_of(trained) if is_standard(reward)]
    save(figures, "best_of_n", best_of_n_of(pd.read_csv(best_of_n), standard, width), dpi)
    save(figures, "calibration", calibration_of(pd.read_csv(reliability), width), dpi)


def is_standard(reward: Ensemble) -> bool:
    """Whether a reward differs from others only in kind and aggregate, which colours and lines show."""
    plain = reward.flipped is None and not reward.bootstrap
    return plain and reward.kind in COLOUR_OF_KIND and reward.members in (1, MEMBERS)


def style_of(reward: Ensemble) -> dict[str, str]:
    """Colours by kind, lines by aggregate."""
    return {"color": COLOUR_OF_KIND[reward.kind], "linestyle": "-" if reward.members == 1 else LINES[reward.aggregate]}


def training_of(curves: Mapping[Variant, Floats], width: float, along_kl: bool) -> Figure:
    """Gold reward (above) and proxy (below) along training, a column for each β: means over seeds, and each seed.

    The axis of KL is scaled by the square root, on which Gao et al. (arXiv 2210.10760) found simple curves.
    """
    betas = sorted({variant.beta for variant in curves})
    size = (max(width, 2.6 * len(betas) + 0.6), width * 0.85)
    figure, panels = plt.subplots(
        2, len(betas), figsize=size, layout="constrained", sharex="col", sharey="row", squeeze=False
    )
    for variant, curve in curves.items():
        style = style_of(variant.ensemble)
        for axes, values in zip(panels[:, betas.index(variant.beta)], (curve[..., 1], curve[..., 0])):
            along = curve[..., 2] if along_kl else np.tile(np.arange(1, curve.shape[1] + 1), (len(curve), 1))
            axes.plot(along.T, values.T, linewidth=0.6, alpha=0.3, **style)
            axes.plot(along.mean(0), values.mean(0), linewidth=1.6, label=variant.ensemble.name, **style)
    for axes, beta in zip(panels[0], betas):
        axes.set_title(f"β = {beta:g}", fontsize=9)
    for axes in panels[1]:
        axes.set_xlabel("KL to θ_sft (nats)" if along_kl else "step")
        if along_kl:
            axes.set_xscale("function", functions=(lambda kl: np.sqrt(np.maximum(kl, 0)), np.square))
            axes.set_xticks([tick for tick in TICKS if tick <= axes.get_xlim()[1]])
            axes.set_xlim(left=0)
    panels[0, 0].set_ylabel("gold reward")
    panels[1, 0].set_ylabel("proxy")
    once_each(figure, panels.flat, "thick: mean over seeds; thin: each seed")
    return figure


def once_each(figure: Figure, panels: Sequence[Axes], title: str) -> None:
    """A legend below the panels, in which a label that several panels share stands once."""
    handles = {label: handle for axes in panels for handle, label in zip(*axes.get_legend_handles_labels())}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3, title=title)


def policies_of(table: pd.DataFrame, variants: Sequence[Variant], width: float) -> Figure:
    """Every policy's gold reward over that of θ_sft on held-out prompts, a colour for each β."""
    table = table.set_index("policy")
    names = list(dict.fromkeys(variant.ensemble.name for variant in variants))
    betas = sorted({variant.beta for variant in variants})
    figure, axes = plt.subplots(figsize=(width * 1.2, 1.2 + 0.3 * len(names)), layout="constrained")
    for i, beta in enumerate(betas):
        shown = [variant for variant in variants if variant.beta == beta]
        points = table.loc[[variant.name for variant in shown]]
        rows = np.array([names.index(variant.ensemble.name) for variant in shown])
        places = rows + 0.2 * (i - (len(betas) - 1) / 2)
        bars(axes, points.assign(place=places), "gold", "place", color=CYCLE[i], marker="o", label=f"β = {beta:g}")
    axes.axvline(0, color=COLOURS["sft"], linestyle="--", linewidth=0.8, label="θ_sft")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="gold reward over that of θ_sft, held out, with 95 % intervals", ylim=(len(names) - 0.5, -0.5))
    figure.legend(loc="outside lower center", ncols=4)
    return figure


def best_of_n_of(table: pd.DataFrame, rewards: Sequence[Ensemble], width: float) -> Figure:
    """Gold reward and proxy of the best of n, minus those of one sample, against KL."""
    figure, panels = plt.subplots(1, 2, figsize=(width * 1.4, width * 0.62), layout="constrained")
    for axes, column, label in zip(panels, ("gold", "proxy"), ("gold reward", "proxy")):
        for reward in rewards:
            points = table[table["reward"] == reward.name]
            style = style_of(reward)
            axes.plot(points["kl"], points[column], linewidth=1.3, label=reward.name, **style)
            ends = points[f"{column}_low"], points[f"{column}_high"]
            axes.fill_between(points["kl"], *ends, alpha=0.08, color=style["color"], linewidth=0)
        axes.set(xlabel="KL to θ_sft (nats): log n − (n − 1)/n", ylabel=f"{label} over that of one sample")
    once_each(figure, panels, f"best of n, n = 1 to {table['n'].max()}; shaded: 95 % intervals")
    return figure


def calibration_of(bins: pd.DataFrame, width: float) -> Figure:
    """Calibration: the share of labels that agree with a proxy against the probability that it gives, by proxy."""
    proxies = list(bins.groupby("proxy", sort=False))
    columns = min(4, len(proxies))
    rows = -(-len(proxies) // columns)
    size = (width * 0.4 * columns, 0.6 + width * 0.36 * rows)
    figure, panels = plt.subplots(
        rows, columns, figsize=size, layout="constrained", sharex=True, sharey=True, squeeze=False
    )
    ends = [0.5, bins["predicted"].max()]
    for axes, (name, proxy_bins) in zip(panels.flat, proxies):
        axes.plot(ends, ends, color="black", linestyle="--", linewidth=0.8)
        for _, seed_bins in proxy_bins.groupby("seed"):
            axes.plot(seed_bins["predicted"], seed_bins["observed"], color=COLOURS["soup"], linewidth=0.6, alpha=0.4)
        points = proxy_bins.groupby("bin")[["predicted", "observed"]].mean()
        axes.plot(points["predicted"], points["observed"], color=COLOURS["soup"], marker="o", markersize=4)
        axes.set_title(name, fontsize="small")
    for axes in panels.flat[len(proxies) :]:
        axes.set_visible(False)
    figure.suptitle("held-out pairs; thick: mean over seeds; thin: each seed", fontsize="medium")
    figure.supxlabel("probability that the proxy gives its preference", fontsize="medium")
    figure.supylabel("share of labels that agree", fontsize="medium")
    return figure


if __name__ == "__main__":
    run(draw)
