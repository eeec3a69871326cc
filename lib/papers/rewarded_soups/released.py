"""Fronts beside those that the authors of Rewarded Soups released of their locomotion.

Both are scaled: θ_sft is 0 on each reward, and the expert of a reward is 1 on it, here in the mean over seeds. So a
front of another robot, in another simulation, can stand beside theirs. Theirs is one run per point.
"""

import numpy as np
import pandas as pd

from lib.papers.claims import NotTestable
from lib.papers.evidence import Evidence
from lib.papers.rewarded_soups.fronts import fronts_of, in_gains, scores_of
from lib.papers.rewarded_soups.published import EXPERTS, POINTS, START, VOLUMES
from lib.statistics.fronts import hypervolume, non_dominated
from lib.statistics.indicators import distance_to, mean_utility
from lib.statistics.intervals import Floats
from lib.statistics.scores import Scores, in_columns, summaries

COMPARED = ["soups at all λ", "experts and MORL", "experts and Bone Soups", "experts and MOD", "experts alone"]
MEASURED = ["hypervolume", "IGD", "expected utility"]


def scale(points: Floats, start: Floats, experts: Floats) -> Floats:
    """Points (n, 2), with the start (2,) at 0; experts: (2, 2), of which the i-th is 1 on the i-th reward."""
    return (points - start) / (np.diagonal(experts) - start)


def their_points() -> dict[str, dict[str, Floats]]:
    """By method, their points, scaled, by name."""
    start, experts = np.array(START), np.array(EXPERTS)
    ends = {"soup": dict(zip(("λ = 1", "λ = 0"), EXPERTS)), "sft": {"θ_sft": START}}
    by_method = {method: ends.get(method, {}) | POINTS.get(method, {}) for method in ("soup", "morl", "sft")}
    return {
        method: {name: scale(np.array([point]), start, experts)[0] for name, point in points.items()}
        for method, points in by_method.items()
    }


def our_scores(evidence: Evidence) -> Scores:
    """The scores, scaled. Raises NotTestable where an expert gains nothing."""
    return in_gains(scores_of(evidence), evidence.settings["rewards"], evidence.settings["start"])


def indicators(evidence: Evidence) -> pd.DataFrame:
    """A row for each front and each of `MEASURED`: ours with its interval, theirs without.

    IGD is the distance to the best of all points that were scored; it is of one experiment, and theirs has none. Where
    an expert gains nothing, theirs stand alone.
    """
    try:
        rows = ours(evidence, our_scores(evidence))
    except NotTestable as reason:
        print(f"warning: no front of ours stands beside the authors': {reason}")
        rows = []
    unit = np.prod(np.diagonal(EXPERTS) - np.array(START))
    for name, volume in VOLUMES.items():
        rows.append({"front": name, "of": "the authors", "measured": MEASURED[0], "value": volume / unit})
    return pd.DataFrame(rows)


def ours(evidence: Evidence, scores: Scores) -> list[dict[str, object]]:
    """Our rows of `indicators`. scores: scaled."""
    fronts = {name: front for name, front in fronts_of(evidence).items() if name in COMPARED}
    rewards = evidence.settings["rewards"]
    every = list(dict.fromkeys(point for front in fronts.values() for point in front))
    rows = []
    for name in COMPARED:
        if name not in fronts:
            continue
        places = [every.index(point) for point in fronts[name]]

        def measured(points: Floats, places: list[int] = places) -> Floats:
            chosen, best = points[places], points[non_dominated(points)]
            return np.array([hypervolume(chosen, (0, 0)), distance_to(chosen, best), mean_utility(chosen)])

        estimates = summaries(scores.sample(every, rewards, measured))
        found = [in_columns("value", estimate) for estimate in estimates]
        rows += [{"front": name, "of": "here", "measured": what} | one for what, one in zip(MEASURED, found)]
    return rows
