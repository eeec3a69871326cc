"""The claims on when a soup is enough, and the table of all pairs.

A difference is in shares of what the experts gain (`lib.papers.compatibility.measures`).
"""

from functools import partial

import numpy as np
import pandas as pd

from lib.papers.claims import Claim, NotTestable, Numbers, beside
from lib.papers.compatibility.measures import by_pair
from lib.papers.evidence import Evidence
from lib.statistics.comparisons import Kind
from lib.statistics.intervals import Floats, Sample, side_by_side
from lib.statistics.scores import in_columns, summary

FEWEST = 3  # pairs for a slope
MARGIN = 0.05  # of what the experts gain: a difference that would matter
UNIT = "of the experts' gain"


def slope_on(compatibility: str, evidence: Evidence) -> Numbers:
    """CM-1: by how much more soups reach than MORL, per unit of compatibility, by least squares over pairs.

    compatibility: cross_gain or correlation. It is taken as known within a seed, so that the prompts count by what is
    reached alone. The pairs are the same for all seeds: the slope is theirs, not one of pairs in general.
    """
    found = by_pair(evidence, [compatibility, "equal_points"])
    known = [one for one in found.values() if all(map(is_known, one.values()))]
    if len(known) < FEWEST:
        raise NotTestable(f"a slope takes {FEWEST} pairs whose experts gain something, and there are {len(known)}")
    x = side_by_side([one[compatibility] for one in known]).values
    y = side_by_side([one["equal_points"] for one in known])
    if not np.ptp(x, axis=1).all():
        raise NotTestable("all pairs are equally compatible")
    groups = None if y.by_group is None else slopes(x[:, None], y.by_group)[..., None]
    return Sample(slopes(x, y.values)[:, None], groups), [f"slope on {compatibility.replace('_', ' ')}"]


def is_known(sample: Sample) -> bool:
    """Whether a measure is known for all seeds."""
    return bool(np.isfinite(sample.values).all())


def slopes(x: Floats, y: Floats) -> Floats:
    """Slopes of y on x by least squares over the last axis."""
    centred = x - x.mean(-1, keepdims=True)
    return (centred * y).sum(-1) / (centred**2).sum(-1)


def of_every_pair(name: str, evidence: Evidence) -> Numbers:
    """A measure of each pair of which it is known."""
    found = {pair: one[name] for pair, one in by_pair(evidence, [name]).items() if is_known(one[name])}
    if not found:
        raise NotTestable("of no pair do both experts gain something and is there what is compared")
    return side_by_side(list(found.values())), list(found)


CLAIMS = [
    Claim(
        "CM-1",
        "the more compatible two rewards are, the more soups reach of what MORL reaches",
        "ours",
        "expected utility of soups minus that of as many MORL policies, its slope over pairs on their cross-gain",
        partial(slope_on, "cross_gain"),
        margin=MARGIN,
        unit=f"{UNIT} per unit of cross-gain",
        scope="these pairs of rewards",
    ),
    beside(
        "CM-1",
        compares="the same slope on the correlation of the two rewards over completions of θ_sft",
        numbers=partial(slope_on, "correlation"),
        margin=MARGIN,
        unit=f"{UNIT} per unit of correlation",
    ),
    Claim(
        "CM-2",
        "soups reach what MORL reaches, whatever the pair of rewards",
        "ours",
        "expected utility, experts with soups minus experts with as many MORL policies, in every pair",
        partial(of_every_pair, "equal_points"),
        Kind.AT_LEAST,
        margin=MARGIN,
        unit=UNIT,
        theirs="soups ahead on news summaries, behind MORL in locomotion",
    ),
    beside(
        "CM-2",
        compares="expected utility after two trainings, all soups of the experts minus two MORL policies",
        numbers=partial(of_every_pair, "equal_compute"),
        margin=MARGIN,
        unit=UNIT,
    ),
    beside(
        "CM-2",
        compares="the user's reward at equal KL, soup at λ = μ minus MORL, the mean over preferences",
        numbers=partial(of_every_pair, "equal_kl"),
        kind=Kind.AT_LEAST,
        margin=MARGIN,
        unit=UNIT,
    ),
    beside(
        "CM-2",
        compares="reward of soups above the chord, the mean over λ and both rewards",
        numbers=partial(of_every_pair, "chord"),
        kind=Kind.AT_LEAST,
        margin=MARGIN,
        unit=UNIT,
    ),
]


def tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    """What the report and the figures show: `map`, a row for each pair with all its measures and their intervals."""
    rows = []
    for pair, found in by_pair(evidence).items():
        row: dict[str, object] = {"pair": pair}
        for name, sample in found.items():
            row |= in_columns(name, summary(sample))
        rows.append(row)
    return {"map": pd.DataFrame(rows)}
