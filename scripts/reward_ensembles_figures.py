"""The figures of Scalable Ensembling: gold and proxy along training and for best-of-n, all policies, calibration."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.papers.evidence import Evidence
from lib.papers.reward_ensembles.best_of_n import COLUMNS, over_one_sample, sizes_in
from lib.papers.reward_ensembles.names import Variant, aggregates_of, variant_point
from lib.papers.reward_ensembles.policies import scores_of, start_of, variants_in
from lib.papers.reward_ensembles.styles import COLOUR_OF_KIND
from lib.papers.reward_ensembles.training import training_curves
from lib.reporting.figures import COLOURS, CYCLE, PAPER, bars, few, head, placed, save, title_of
from lib.reward_models.proxies import MEMBERS, Ensemble
from lib.statistics.along_training import SMOOTH
from lib.statistics.intervals import Floats

LINES = {"mean": "--", "worst_case": "-", "uncertainty_weighted": ":", "soft_min": "-."}
TICKS = (0, 1, 5, 10, 20, 40, 80, 160)  # nats


def draw_figures(
    evidence: Path,
    policies: Path,
    best_of_n: Path,
    reliability: Path,
    figures: Output,
    *,
    width: float,
    dpi: int,
) -> None:
    tables = {path.stem: pd.read_csv(path) for path in (policies, best_of_n, reliability)}
    draw(Evidence.read(evidence), tables, figures, width, dpi)


def draw(evidence: Evidence, tables: Mapping[str, pd.DataFrame], folder: Path, width: float, dpi: int) -> None:
    """tables: policies, best_of_n and reliability, of `lib.papers.reward_ensembles.claims.tables`."""
    plt.rcParams.update(PAPER)
    for name, along_kl in (("training_steps", False), ("training_kl", True)):
        save(folder, name, training_of(evidence, width, along_kl), dpi)
    save(folder, "policies", policies_of(evidence, tables["policies"], width), dpi)
    save(folder, "best_of_n", best_of_n_of(evidence, tables["best_of_n"], width), dpi)
    save(folder, "calibration", calibration_of(tables["reliability"], width), dpi)


def left_out(found: Sequence, shown: Sequence, what: str) -> str:
    """How much a figure leaves out of what there is."""
    count = len(found) - len(shown)
    return f"\nnot shown: {count} of {len(found)} {what}" if count else ""


def is_standard(reward: Ensemble) -> bool:
    """Whether a reward differs from others only in kind and aggregate, which colours and lines show."""
    plain = reward.flipped is None and not reward.bootstrap
    return plain and reward.kind in COLOUR_OF_KIND and reward.members in (1, MEMBERS)


def style_of(reward: Ensemble) -> dict[str, str]:
    """Colours by kind, lines by aggregate."""
    return {"color": COLOUR_OF_KIND[reward.kind], "linestyle": LINES[reward.aggregate] if reward.is_aggregated else "-"}


def training_of(evidence: Evidence, width: float, along_kl: bool) -> Figure:
    """Gold reward (above) and proxy (below) along training, a column for each β: means over seeds, and each seed.

    The axis of KL is scaled by the square root, on which Gao et al. (arXiv 2210.10760) found simple curves.
    """
    trained = variants_in(evidence)
    shown = [variant for variant in trained if is_standard(variant.ensemble)]
    betas = sorted({variant.beta for variant in shown})
    size = (max(width, 2.6 * len(betas) + 0.6), width * 0.85)
    figure, panels = plt.subplots(
        2, len(betas), figsize=size, layout="constrained", sharex="col", sharey="row", squeeze=False
    )
    for variant in shown:
        curves, style = training_curves(evidence, variant), style_of(variant.ensemble)
        along = curves[..., 2] if along_kl else np.tile(np.arange(1, curves.shape[1] + 1), (len(curves), 1))
        recorded = ~np.isnan(along).any(0)  # KL may be recorded more seldom than curves are smoothed
        for axes, values in zip(panels[:, betas.index(variant.beta)], (curves[..., 1], curves[..., 0])):
            axes.plot(along[:, recorded].T, values[:, recorded].T, linewidth=0.6, alpha=0.3, **style)
            means = along[:, recorded].mean(0), values[:, recorded].mean(0)
            axes.plot(*means, linewidth=1.6, label=variant.ensemble.name, **style)
    for axes, beta in zip(panels[0], betas):
        axes.set_title(f"β = {beta:g}", fontsize=9)
    for axes in panels[1]:
        label_along(axes, along_kl)
    panels[0, 0].set_ylabel("gold reward")
    panels[1, 0].set_ylabel("proxy")
    title = f"moving averages over {SMOOTH} steps; thick: mean over seeds; thin: each seed"
    head(figure, "Where gold turns down while the proxy rises, it is over-optimised")
    once_each(figure, panels.flat, title + left_out(trained, shown, "policies"))
    return figure


def label_along(axes: Axes, along_kl: bool) -> None:
    """The horizontal axis: KL or steps."""
    axes.set_xlabel("KL to θ_sft (nats)" if along_kl else "step")
    if along_kl:
        axes.set_xscale("function", functions=(lambda kl: np.sqrt(np.maximum(kl, 0)), np.square))
        axes.set_xticks([tick for tick in TICKS if tick <= axes.get_xlim()[1]])
        axes.set_xlim(left=0)


def once_each(figure: Figure, panels: Sequence[Axes], title: str) -> None:
    """A legend below the panels, in which a label that several panels share stands once."""
    handles = {label: handle for axes in panels for handle, label in zip(*axes.get_legend_handles_labels())}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3, title=title)


def policies_of(evidence: Evidence, table: pd.DataFrame, width: float) -> Figure:
    """Every policy's gold reward over that of θ_sft on held-out prompts, a colour for each β."""
    variants, shown = variants_in(evidence), table.set_index("policy")
    names = list(dict.fromkeys(variant.ensemble.name for variant in variants))
    betas = sorted({variant.beta for variant in variants})
    figure, axes = plt.subplots(figsize=(width * 1.2, 1.2 + 0.3 * len(names)), layout="constrained")
    for i, beta in enumerate(betas):
        at_beta = [variant for variant in variants if variant.beta == beta]
        rows = np.array([names.index(variant.ensemble.name) for variant in at_beta])
        places = rows + 0.2 * (i - (len(betas) - 1) / 2)
        points = shown.loc[[variant.name for variant in at_beta]].assign(place=places)
        by_seed = placed(np.stack([gain_by_seed(evidence, variant) for variant in at_beta], axis=1), places)
        bars(axes, points, "gold", "place", by_seed, color=CYCLE[i], marker="o", label=f"β = {beta:g}")
    axes.axvline(0, color=COLOURS["sft"], linestyle="--", linewidth=0.8, label="θ_sft")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="gold reward over that of θ_sft, held out", ylim=(len(names) - 0.5, -0.5))
    head(figure, "What the policy of each proxy gains in gold reward")
    figure.legend(loc="outside lower center", ncols=4, title=title_of(scores_of(evidence)))
    return figure


def gain_by_seed(evidence: Evidence, variant: Variant) -> Floats:
    """Each seed's gold reward over that of θ_sft."""
    return scores_of(evidence).difference(variant_point(variant), start_of(evidence), ["gold"]).values[:, 0]


def best_of_n_of(evidence: Evidence, table: pd.DataFrame, width: float) -> Figure:
    """Gold reward and proxy of the best of n, minus those of one sample, against KL."""
    figure, panels = plt.subplots(1, 2, figsize=(width * 1.4, width * 0.62), layout="constrained")
    rewards = aggregates_of(variants_in(evidence))
    shown = [reward for reward in rewards if is_standard(reward)]
    for axes, column, label in zip(panels, ("gold", "proxy"), ("gold reward", "proxy")):
        for reward in shown:
            points, style = table[table["reward"] == reward.name], style_of(reward)
            axes.plot(points["kl"], points[column], linewidth=1.3, label=reward.name, **style)
            if few(len(evidence.scores["best of n"].seeds)):
                seeds = best_by_seed(evidence, reward, column)
                axes.plot(points["kl"], seeds.T, ".", markersize=3, alpha=0.4, color=style["color"])
            else:
                ends = points[f"{column}_low"], points[f"{column}_high"]
                axes.fill_between(points["kl"], *ends, alpha=0.08, color=style["color"], linewidth=0)
        axes.set(xlabel="KL to θ_sft (nats): log n − (n − 1)/n", ylabel=f"{label} over that of one sample")
    title = f"best of n, n = 1 to {table['n'].max()}; {title_of(evidence.scores['best of n'])}"
    head(figure, "The best of n samples by each proxy: gold reward and proxy")
    once_each(figure, panels, title + left_out(rewards, shown, "rewards"))
    return figure


def best_by_seed(evidence: Evidence, reward: Ensemble, column: str) -> Floats:
    """Each seed's curve, (seeds, n)."""
    curves = [over_one_sample(evidence, reward, n) for n in sizes_in(evidence)]
    return np.stack([at_n.values[:, COLUMNS.index(column)] for at_n in curves], axis=1)


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
    head(
        figure,
        "How often a proxy is right, against how sure it is",
        "held-out pairs; thin: each seed; dashed: as often as it says",
    )
    figure.supxlabel("probability that the proxy gives its preference", fontsize="medium")
    figure.supylabel("share of labels that agree", fontsize="medium")
    return figure


if __name__ == "__main__":
    run(draw_figures)
