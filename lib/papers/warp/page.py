"""The tab of WARP: the plane of KL and reward, and SLERP against LERP."""

from itertools import cycle

import numpy as np

from lib.papers.evidence import Evidence
from lib.papers.warp.claims import fixed_front, front_of, moving_front, scores_of
from lib.papers.warp.claims import tables as tables_of
from lib.papers.warp.names import between_point
from lib.reporting.charts import LARGER, NEARER, Data, Tab, axis, chart, marks, series, table, text
from lib.reporting.figures import COLOURS, CYCLE, GREYS, MARKERS, placed, seeds_of, title_of
from lib.reporting.page import Files
from lib.statistics.scores import PointName, front_table

LINES = ["solid", "dashed", "dotted"]  # by M
ABOUT = (
    "A front is the line from θ_sft to a policy, drawn by LITI: (1 − η) θ_sft + η θ. A front that lies higher at the "
    "same KL is better. Policies of one training have an anchor that is fixed or that follows them; M policies of an "
    "iteration are merged by SLERP."
)


def tab(files: Files) -> Tab:
    """From the evidence."""
    evidence = Evidence.read(files["evidence"])
    compared = table("Fronts at equal KL: the first minus the second", tables_of(evidence)["equal_kl"])
    blocks = [text(ABOUT), plane(evidence), *(between(evidence, column) for column in ("reward", "kl")), compared]
    return Tab("WARP", blocks, (files["figures"] / "plane.png", "The plane of KL and reward"))


def plane(evidence: Evidence) -> Data:
    """Reward against KL to θ_sft: the fronts of fixed anchors, of the moving one and of merges."""
    settings = evidence.settings
    drawn = [
        front(evidence, f"anchor fixed, β = {beta:g}", GREYS[i % len(GREYS)], "X", "solid", fixed_front(evidence, beta))
        for i, beta in enumerate(settings["fixed_betas"])
    ]
    drawn.append(front(evidence, "moving anchor", COLOURS["morl"], "P", "solid", moving_front(evidence)))
    for i, count in enumerate(sorted(settings["policies"], reverse=True)):
        for iteration, colour in zip(range(1, settings["iterations"] + 1), cycle(CYCLE)):
            style = colour, MARKERS[i % len(MARKERS)], LINES[i % len(LINES)]
            name = f"M = {count}, iteration {iteration}"
            drawn.append(front(evidence, name, *style, front_of(evidence, count, iteration)))
    return chart(
        "How much reward each way of training reaches for its KL",
        axis("KL to θ_sft (nats)", NEARER),
        axis("reward", LARGER),
        drawn,
        note=f"Fronts from θ_sft; at the end of each the {title_of(scores_of(evidence))}.",
    )


def front(evidence: Evidence, name: str, colour: str, marker: str, line: str, points: list[PointName]) -> Data:
    """A line from θ_sft to a policy; the policy alone has an interval or seeds."""
    scores, etas = scores_of(evidence), sorted(evidence.settings["front"])
    names = [f"η = {eta:g}" for eta in etas]
    found = front_table(scores, ["kl", "reward"], points)
    inner = marks(found[["kl", "reward"]][:-1], "kl", "reward", names[:-1])
    end = marks(found[-1:], "kl", "reward", names[-1:], seeds_of(scores, points[-1:], "kl", "reward"))
    return series(name, colour, marker, [*({**mark, "small": True} for mark in inner), *end], line=line)


def between(evidence: Evidence, column: str) -> Data:
    """Reward or KL along λ between two policies of the first iteration, by SLERP and by LERP."""
    scores, weights = scores_of(evidence), sorted(evidence.settings["weights"])
    drawn = []
    for method, colour, marker in (("slerp", COLOURS["soup"], "o"), ("lerp", COLOURS["morl"], "s")):
        points = [between_point(method, weight) for weight in weights]
        found = front_table(scores, [column], points).assign(weight=np.array(weights))
        by_seed = placed(weights, scores.sample(points, [column]).values)
        names = [f"λ = {weight:g}" for weight in weights]
        found_marks = marks(found, "weight", column, names, by_seed)
        drawn.append(series(method.upper(), colour, marker, found_marks, line="solid"))
    y = axis("KL to θ_sft (nats)", NEARER) if column == "kl" else axis("reward", LARGER)
    title = "KL of two policies merged" if column == "kl" else "Reward of two policies merged by SLERP and by LERP"
    return chart(title, axis("λ of the second policy"), y, drawn, height=300)
