"""The claim that methods of several papers add up, and tables of what it rests on.

Points are those of `lib.papers.together.names`. The evidence has the scores "held out", of θ_sft1, the experts and
soups of every variant and the paths to the soups, and the settings rewards (the front's axes: gold and the second
reward), weights, units, path and margin. KL is to θ_sft1.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from lib.papers.claims import Claim, Numbers, beside
from lib.papers.evidence import Evidence
from lib.papers.paths import PointName, path_to
from lib.papers.rewarded_soups.fronts import scores_of, utility_over_users
from lib.papers.together.names import NAMES, PLAIN, START, TOGETHER, inner, soup_point
from lib.statistics.fronts import hypervolume
from lib.statistics.intervals import Sample, side_by_side
from lib.statistics.scores import ALONGSIDE, front_table, summaries

OTHERS = [name for name in NAMES if name != TOGETHER]
PARTS = [name for name in OTHERS if name != PLAIN]
Measure = Callable[[Evidence, str], Sample]
"""A number of a variant, or several."""


def front_of(evidence: Evidence, variant: str) -> list[PointName]:
    """The experts of a variant and their soups, in the order of λ."""
    return [soup_point(variant, weight) for weight in sorted(evidence.settings["weights"])]


def path_of(evidence: Evidence, variant: str, weight: float) -> list[PointName]:
    """The points from θ_sft1 to a soup."""
    return path_to(soup_point(variant, weight), START, evidence.settings["path"])


def utility(evidence: Evidence, variant: str) -> Sample:
    """Expected utility over users of gold and the second reward."""
    return utility_over_users(evidence, front_of(evidence, variant))


def volume(evidence: Evidence, variant: str) -> Sample:
    """Hypervolume of a variant's front above θ_sft1."""
    points, rewards = [START, *front_of(evidence, variant)], evidence.settings["rewards"]
    return scores_of(evidence).sample(points, rewards, lambda means: np.array([hypervolume(means[1:], means[0])]))


def gap_at_equal_kl(evidence: Evidence, variant: str, other: str) -> Sample:
    """The reward of the user with λ for gold, on the path to a variant's soup at λ less that of another, at equal KL; a
    number for each inner λ.
    """
    gold, second = evidence.settings["rewards"]
    found = []
    for weight in inner(evidence.settings["weights"]):
        scores = scores_of(evidence).with_sum("utility", {gold: weight, second: 1 - weight})
        paths = (path_of(evidence, name, weight) for name in (variant, other))
        found.append(scores.at_equal_kl(*paths, "utility"))
    return side_by_side(found)


def more_than_each(measure: Measure, evidence: Evidence) -> Numbers:
    """Together less each of the others."""
    ours = measure(evidence, TOGETHER)
    return side_by_side([ours - measure(evidence, other) for other in OTHERS]), [f"minus {other}" for other in OTHERS]


def more_at_equal_kl(evidence: Evidence) -> Numbers:
    """Together less each of the others at equal KL, at each inner λ."""
    weights = inner(evidence.settings["weights"])
    at = [f"minus {other}, λ = {weight:g}" for other in OTHERS for weight in weights]
    return side_by_side([gap_at_equal_kl(evidence, TOGETHER, other) for other in OTHERS]), at


CLAIMS = [
    Claim(
        "TG-1",
        "WARP's moving anchor, SALSA's soup as the start and a pessimistic reward give more together than each alone",
        "in no paper",
        "expected utility over users of gold and the second reward, together minus plain and minus each part",
        partial(more_than_each, utility),
    ),
    beside(
        "TG-1",
        compares="the user's reward at equal KL to θ_sft1, together minus plain and minus each part",
        numbers=more_at_equal_kl,
    ),
    beside(
        "TG-1",
        compares="hypervolume above θ_sft1, together minus plain and minus each part",
        numbers=partial(more_than_each, volume),
        unit="reward²",
    ),
]


def tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    """What the report and the figures show: all points, and the comparisons."""
    scores = scores_of(evidence)
    told = [column for column in [*evidence.settings["units"], *ALONGSIDE] if column in scores.columns]
    return {"front": front_table(scores, list(dict.fromkeys(told))), "comparisons": comparison_table(evidence)}


def comparison_table(evidence: Evidence) -> pd.DataFrame:
    """Together less each of the others, and each part less plain: a row for each number."""
    pairs = [*((TOGETHER, other) for other in OTHERS), *((part, PLAIN) for part in PARTS)]
    rows = []
    for pair in pairs:
        for comparison, sample in differences(evidence, *pair):
            rows.append(dict(zip(("variant", "minus"), pair)) | {"comparison": comparison} | next(summaries(sample)))
    return pd.DataFrame(rows)


def differences(evidence: Evidence, variant: str, other: str) -> Sequence[tuple[str, Sample]]:
    """What a variant has over another, each with its name."""
    at_equal_kl = gap_at_equal_kl(evidence, variant, other)
    weights = inner(evidence.settings["weights"])
    return [
        ("expected utility", utility(evidence, variant) - utility(evidence, other)),
        ("hypervolume above θ_sft1", volume(evidence, variant) - volume(evidence, other)),
        *((f"at equal KL, λ = {weight:g}", at_equal_kl[[i]]) for i, weight in enumerate(weights)),
    ]
