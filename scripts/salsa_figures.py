"""The figures of SALSA: reward and KL of training and on paths, win rates, and rewards and KL over α."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.papers.evidence import Evidence
from lib.papers.salsa.comparisons import pairs_of, path_of, policies_of, scores_by_kind, win_rate
from lib.papers.salsa.names import Variant, variant_point
from lib.reporting.figures import COLOURS, CYCLE, MARKERS, PAPER, bars, head, placed, save, seeds_of, title_of
from lib.statistics.along_training import trajectories, with_total

ENOUGH = 3  # points for a curve over α


def draw_figures(evidence: Path, policies: Path, comparisons: Path, figures: Output, *, width: float, dpi: int) -> None:
    tables = {"policies": pd.read_csv(policies), "comparisons": pd.read_csv(comparisons)}
    draw(Evidence.read(evidence), tables, figures, width, dpi)


def draw(evidence: Evidence, tables: Mapping[str, pd.DataFrame], folder: Path, width: float, dpi: int) -> None:
    """tables: policies and comparisons."""
    plt.rcParams.update(PAPER)
    policies, comparisons = tables["policies"], tables["comparisons"]
    within = policies[policies["prompts"] == evidence.settings["prompts"]["within"]].set_index("policy")
    save(folder, "training", training_of(evidence, within, width), dpi)
    save(folder, "win_rates", win_rates_of(evidence, comparisons[comparisons["comparison"] == "win rate"], width), dpi)
    along = along_alpha(policies_of(evidence))
    if len(along) >= ENOUGH:
        points = within.loc[[variant.name for variant in along]]
        save(folder, "alphas", alphas_of(evidence, points, along, width), dpi)


def along_alpha(variants: Sequence[Variant]) -> list[Variant]:
    """Policies that start at θ_sft1, at the β with the largest number of α, in the order of α."""
    from_sft = sorted((variant for variant in variants if variant.start == "sft"), key=lambda variant: variant.alpha)
    by_beta = {variant.beta: [other for other in from_sft if other.beta == variant.beta] for variant in from_sft}
    return max(by_beta.values(), key=len, default=[])


def training_of(evidence: Evidence, points: pd.DataFrame, width: float) -> Figure:
    """Reward against KL to θ_sft1: trainings, and on held-out prompts the policies and the paths to them."""
    figure, axes = plt.subplots(figsize=(width, width * 0.9), layout="constrained")
    variants, scores = policies_of(evidence), evidence.scores["within"]
    records = with_total(evidence.tables["training"], evidence.settings["reward"])
    references = list(dict.fromkeys((variant.start, variant.alpha) for variant in variants))
    faint = min(0.35, 8 / (len(variants) * len(scores.seeds)))
    for place, variant in enumerate(variants):
        colour = CYCLE[references.index((variant.start, variant.alpha)) % len(CYCLE)]
        marker = MARKERS[place % len(MARKERS)]
        for training in trajectories(records, variant.name):
            axes.plot(training[:, 1], training[:, 0], color=colour, linewidth=0.7, alpha=faint, zorder=1)
        path = scores.sample(path_of(evidence, variant), ["kl", "reward"]).mean.reshape(-1, 2)
        axes.plot(*path.T, color=colour, linewidth=1.2, linestyle="--")
        by_seed, style = seeds_of(scores, [variant_point(variant)], "kl", "reward"), {"color": colour, "marker": marker}
        bars(axes, points.loc[[variant.name]], "kl", "reward", by_seed, **style, label=variant.name)
    axes.set(xlabel="KL to θ_sft1 (nats)", ylabel="reward")
    head(figure, "A soup and θ_sft1 as the reference: reward against KL")
    lines = "dashed: from θ_sft1 to each policy, on held-out prompts; thin: training, on its own prompts"
    figure.legend(loc="outside lower center", ncols=3, title=f"{title_of(scores)}\n{lines}")
    return figure


def win_rates_of(evidence: Evidence, rates: pd.DataFrame, width: float) -> Figure:
    """How often the gold reward prefers the first policy of each pair, by the prompts' domains."""
    pairs = pairs_of(evidence)
    figure, axes = plt.subplots(figsize=(width * 1.2, 1.4 + 0.4 * len(pairs)), layout="constrained")
    styles = zip((COLOURS["soup"], COLOURS["morl"]), "os", (-0.1, 0.1))
    for kind, (colour, marker, shift) in zip(scores_by_kind(evidence), styles):
        domains, places = evidence.settings["prompts"][kind], np.arange(len(pairs)) + shift
        points = rates[rates["prompts"] == domains].assign(place=places)
        points = points.rename(columns={"low": "rate_low", "high": "rate_high", "value": "rate"})
        rates_by_seed = np.stack([win_rate(evidence, pair, kind).values[:, 0] for pair in pairs], axis=1)
        by_seed = placed(rates_by_seed, places)
        bars(axes, points, "rate", "place", by_seed, color=colour, marker=marker, label=domains)
    axes.axvline(0.5, color="black", linestyle="--", linewidth=0.8)
    axes.set_yticks(range(len(pairs)), [f"{first.name}  against  {second.name}" for first, second in pairs])
    axes.set(xlabel="win rate by the gold reward, ties as half", ylim=(len(pairs) - 0.5, -0.5))
    head(figure, "How often the judge prefers the first of two policies")
    figure.legend(loc="outside lower center", ncols=2, title=f"prompts; {title_of(evidence.scores['within'])}")
    return figure


def alphas_of(evidence: Evidence, points: pd.DataFrame, along: Sequence[Variant], width: float) -> Figure:
    """Reward, gold reward and both KLs against α, at one β."""
    figure, panels = plt.subplots(1, 3, figsize=(width * 1.5, width * 0.5), layout="constrained")
    alphas, scores = np.array([variant.alpha for variant in along]), evidence.scores["within"]
    labels = {"kl": "to θ_sft1", "kl_to_anchor": "to the reference"}
    contents = {"reward": ["reward"], "gold reward": ["gold"], "KL (nats)": list(labels)}
    for axes, (title, columns) in zip(panels, contents.items()):
        for column, colour in zip(columns, (COLOURS["soup"], COLOURS["morl"])):
            axes.plot(alphas, points[column], color=colour, linewidth=1)
            by_seed = placed(alphas, scores.sample(list(map(variant_point, along)), [column]).values)
            style = {"color": colour, "marker": "o", "label": labels.get(column)}
            bars(axes, points.assign(alpha=alphas), "alpha", column, by_seed, **style)
        axes.set(xlabel="α of θ_sft1 in the reference", ylabel=title)
    panels[-1].legend(loc="upper left")
    head(figure, "Which share α of θ_sft1 makes the best reference?", f"β = {along[0].beta:g}; {title_of(scores)}")
    return figure


if __name__ == "__main__":
    run(draw_figures)
