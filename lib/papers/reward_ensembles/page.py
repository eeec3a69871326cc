"""The tab of reward ensembles: gold reward and proxy along training, and what each policy reaches."""

import numpy as np

from lib.papers.evidence import Evidence
from lib.papers.reward_ensembles.claims import tables as tables_of
from lib.papers.reward_ensembles.names import Variant, variant_point
from lib.papers.reward_ensembles.policies import scores_of, start_of, variants_in
from lib.papers.reward_ensembles.styles import COLOUR_OF_KIND
from lib.papers.reward_ensembles.training import training_curves
from lib.reporting.charts import LARGER, Data, Tab, axis, chart, line_of, marks, series, table, text
from lib.reporting.figures import CYCLE, placed, title_of
from lib.reporting.page import Files
from lib.reporting.tables import with_intervals
from lib.statistics.along_training import SMOOTH

LINES = ["solid", "dashed", "dotted"]
NAMED = {"gold": "gold reward over that of θ_sft", "kl": "KL to θ_sft (nats)", "words": "different words"}
ABOUT = (
    "Policies are trained on a proxy that has learned what the gold reward prefers, partly from wrong labels. Where "
    "the proxy rises and gold turns down, the policy exploits the proxy. An ensemble should be harder to exploit."
)


def tab(files: Files) -> Tab:
    """From the evidence."""
    evidence = Evidence.read(files["evidence"])
    tables = tables_of(evidence)
    blocks = [
        text(ABOUT),
        along_training(evidence, "gold reward", 1),
        along_training(evidence, "proxy", 0),
        policies(evidence),
        table("The first policy minus the second, at equal β and steps", tables["comparisons"]),
        table("Policies on held-out prompts", with_intervals(tables["policies"]).rename(columns=NAMED)),
    ]
    return Tab("Reward ensembles", blocks, (files["figures"] / "training_kl.png", "Gold and proxy along training"))


def styles(evidence: Evidence) -> dict[Variant, tuple[str, str]]:
    """Of each policy the colour of its kind, and a line."""
    return {
        variant: (COLOUR_OF_KIND.get(variant.ensemble.kind, CYCLE[2]), LINES[place % len(LINES)])
        for place, variant in enumerate(variants_in(evidence))
    }


def along_training(evidence: Evidence, name: str, column: int) -> Data:
    """Gold reward or proxy against KL to θ_sft along training. column: of `training_curves`."""
    drawn = []
    for variant, (colour, line) in styles(evidence).items():
        curves = training_curves(evidence, variant)[..., [2, column]]  # (seeds, steps, 2)
        curves = curves[:, ~np.isnan(curves).any((0, 2))]
        points = [
            {"name": f"step {step}", "x": x, "y": y} for step, (x, y) in enumerate(line_of(curves.mean(0)), start=1)
        ]
        thin = [line_of(curve) for curve in curves] if len(curves) > 1 else []
        drawn.append(series(variant.name, colour, "", points, line=line, thin=thin))
    return chart(
        f"{name.capitalize()} along training, against KL",
        axis("KL to θ_sft (nats)", "later in training is further right", scale="sqrt"),
        axis(name, LARGER if name == "gold reward" else "what the policy was trained to raise"),
        drawn,
        note=f"Moving averages over {SMOOTH} steps; thick: mean over seeds; thin: each seed.",
    )


def policies(evidence: Evidence) -> Data:
    """Every policy's gold reward over that of θ_sft on held-out prompts."""
    scores, shown = scores_of(evidence), tables_of(evidence)["policies"].set_index("policy")
    variants, drawn = variants_in(evidence), []
    for place, variant in enumerate(variants):
        points = shown.loc[[variant.name]].assign(place=float(place))
        gain = scores.difference(variant_point(variant), start_of(evidence), ["gold"]).values
        found = marks(points, "gold", "place", [variant.name], placed(gain, float(place)))
        drawn.append(series(variant.name, styles(evidence)[variant][0], "osv^DPX"[place % 7], found))
    return chart(
        "What policies gain in gold reward over θ_sft",
        axis("gold reward over that of θ_sft, held out", LARGER),
        axis("", "", categories=[variant.name for variant in variants]),
        drawn,
        lines=[{"x": 0, "name": "θ_sft"}],
        note=f"{title_of(scores).capitalize()}.",
    )
