"""The tab of SALSA: reward and KL of each policy, win rates, and all comparisons."""

import numpy as np
import pandas as pd

from lib.papers.evidence import Evidence
from lib.papers.salsa.claims import tables as tables_of
from lib.papers.salsa.comparisons import pairs_of, path_of, policies_of, scores_by_kind, win_rate
from lib.papers.salsa.names import Variant, variant_point
from lib.papers.salsa.spread import spread_of, too_near
from lib.reporting.charts import LARGER, NEARER, Data, Tab, axis, chart, line_of, marks, series, table, text
from lib.reporting.figures import COLOURS, CYCLE, MARKERS, placed, seeds_of, title_of
from lib.reporting.page import Files
from lib.statistics.along_training import trajectories, with_total
from lib.statistics.scores import front_table

ABOUT = (
    "The reference of the KL term is a soup of two SFT models, α θ_sft1 + (1 − α) θ_sft2; at α = 1 it is θ_sft1, what "
    "SALSA is compared with. "
)


def tab(files: Files) -> Tab:
    """From the evidence."""
    evidence = Evidence.read(files["evidence"])
    tables = tables_of(evidence)
    near = too_near(spread_of(tables["spread"]))
    blocks = [
        text(ABOUT + ("" if near is None else f"The claims S-1 to S-4 are not tested here: {near}.")),
        plane(evidence),
        win_rates(evidence, tables["comparisons"]),
        table("The first policy minus the second, and its win rate", tables["comparisons"]),
    ]
    return Tab("SALSA", blocks, (files["figures"] / "win_rates.png", "Win rates by the gold reward"))


def plane(evidence: Evidence) -> Data:
    """Reward against KL to θ_sft1: trainings, and on held-out prompts the policies and the paths to them."""
    variants, scores = policies_of(evidence), evidence.scores["within"]
    records = with_total(evidence.tables["training"], evidence.settings["reward"])
    references = list(dict.fromkeys((variant.start, variant.alpha) for variant in variants))
    drawn = []
    for place, variant in enumerate(variants):
        colour = CYCLE[references.index((variant.start, variant.alpha)) % len(CYCLE)]
        marker = MARKERS[place % len(MARKERS)]
        thin = [line_of(training[:, ::-1]) for training in trajectories(records, variant.name)]
        drawn.append(series(variant.name, colour, marker, path(evidence, variant), line="dashed", thin=thin))
    return chart(
        "How far policies go from θ_sft1, and what reward they reach",
        axis("KL to θ_sft1 (nats)", f"{NEARER}1"),
        axis("reward", LARGER),
        drawn,
        note=f"Dashed: from θ_sft1 to each policy on held-out prompts, at its end the {title_of(scores)}. "
        "Thin: trainings, each on its own prompts.",
    )


def path(evidence: Evidence, variant: Variant) -> list[Data]:
    """The points from θ_sft1 to a policy; the policy alone has an interval or seeds."""
    scores, points = evidence.scores["within"], path_of(evidence, variant)
    found = front_table(scores, ["kl", "reward"], points)
    names = [f"η = {eta:g}" for eta in (0, *evidence.settings["path"], 1)]
    by_seed = seeds_of(scores, [variant_point(variant)], "kl", "reward")
    inner = marks(found[["kl", "reward"]][:-1], "kl", "reward", names[:-1])
    return [*({**mark, "small": True} for mark in inner), *marks(found[-1:], "kl", "reward", names[-1:], by_seed)]


def win_rates(evidence: Evidence, comparisons: pd.DataFrame) -> Data:
    """How often the gold reward prefers the first policy of each pair, by the prompts' domains."""
    pairs, drawn = pairs_of(evidence), []
    names = [f"{first.name} against {second.name}" for first, second in pairs]
    rates = comparisons[comparisons["comparison"] == "win rate"]
    for kind, colour, marker, shift in zip(
        scores_by_kind(evidence), (COLOURS["soup"], COLOURS["morl"]), "os", (-0.12, 0.12)
    ):
        domains, places = evidence.settings["prompts"][kind], np.arange(len(pairs)) + shift
        points = rates[rates["prompts"] == domains].assign(place=places)
        by_seed = placed(np.stack([win_rate(evidence, pair, kind).values[:, 0] for pair in pairs], axis=1), places)
        drawn.append(series(f"prompts: {domains}", colour, marker, marks(points, "value", "place", names, by_seed)))
    return chart(
        "How often the gold reward prefers the first policy",
        axis("win rate (share of prompts, ties as half)", "above 0.5 the first is preferred"),
        axis("", "", categories=names),
        drawn,
        lines=[{"x": 0.5, "name": "no difference"}],
        note=f"{title_of(evidence.scores['within']).capitalize()}.",
    )
