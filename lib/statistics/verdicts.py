"""What is said of a claim: its primary comparison judged by rules that are the same for all.

*Holds*: the simultaneous interval lies beyond the bound on the claimed side, and p, adjusted by Holm over the claims of
a paper, is below .05. *Contradicted*: the same on the other side. *No difference that matters*: the interval lies
within the margin. *Undecided*: none of these. With three seeds or fewer there is no verdict.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from scipy import stats

from lib.statistics.comparisons import Comparison, Kind, p_of, weakest_of
from lib.statistics.intervals import LEVEL, Band, band, spread
from lib.statistics.significance import detectable, holm, p_can_be_small, power, seeds_needed

FEWEST = 4  # seeds for a verdict


class Verdict(Enum):
    """What is said of a claim."""

    HOLDS = "holds"
    CONTRADICTED = "contradicted"
    NO_DIFFERENCE = "no difference that matters"
    UNDECIDED = "undecided"
    TOO_FEW = "no verdict: too few seeds"
    NOT_TESTABLE = "not testable here"


@dataclass(frozen=True)
class Judgement:
    """A comparison with its verdict, of the number that is least for the claim: the weakest of several.

    at: what that number is of. p: for this comparison alone; p_holm among the paper's claims. power: the chance that a
    difference of the margin gives a verdict with these seeds and prompts, by interval and p; detectable: the difference
    that gives one with a chance of 80 %, infinite where so few seeds cannot have a p that is small enough;
    seeds_needed: how many seeds would see the margin. For these three p is that of the t-test, times the number of
    claims. Sign flips of nine seeds ask for more: among five claims the chance is then 60 %.
    """

    verdict: Verdict
    at: str = ""
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    p_holm: float = math.nan
    seeds: int = 0
    power: float = math.nan
    detectable: float = math.nan
    seeds_needed: float = math.nan
    reason: str = ""


def judge(comparisons: Sequence[Comparison | str]) -> list[Judgement]:
    """The verdicts on the primary comparisons of one paper. A text stands for a comparison that cannot be made: why."""
    tested = [one for one in comparisons if isinstance(one, Comparison)]
    adjusted = iter(holm([p_of(one) for one in tested]))
    return [
        Judgement(Verdict.NOT_TESTABLE, reason=one)
        if isinstance(one, str)
        else decide(one, ends := band(one.sample), measure(one, ends, len(tested)), next(adjusted))
        for one in comparisons
    ]


def measure(comparison: Comparison, ends: Band, tests: int) -> Judgement:
    """The estimate with its interval and what these seeds can show, without a verdict.

    ends: the comparison's band. tests: claims that p is adjusted for.
    """
    sample, weakest = comparison.sample, weakest_of(comparison)
    found = spread(sample)
    error, freedom = found.error[weakest], found.freedom[weakest]
    adjusted = stats.t.ppf(1 - (1 - LEVEL) / 2 / tests, freedom)
    wider = max(ends.t, adjusted) / stats.t.ppf((1 + LEVEL) / 2, freedom)  # for all numbers and all claims
    enough = p_can_be_small(sample.seeds, tests)
    return Judgement(
        Verdict.UNDECIDED,
        at=comparison.at[weakest],
        estimate=float(sample.mean[weakest]),
        low=float(ends.low[weakest]),
        high=float(ends.high[weakest]),
        p=p_of(comparison),
        seeds=sample.seeds,
        power=power(comparison.margin, error, freedom, wider) if enough else 0.0,
        detectable=float(detectable(error, freedom, wider)) if enough else math.inf,
        seeds_needed=seeds_needed(sample[[weakest]], comparison.margin, tests, wider),
    )


def decide(comparison: Comparison, ends: Band, measured: Judgement, p_holm: float) -> Judgement:
    """The verdict, by the rules at the head of this file."""
    (low, high, _), margin, bound = ends, comparison.margin, comparison.bound
    within = bool((low > -margin).all() and (high < margin).all())
    if comparison.kind is Kind.EQUAL:
        beyond, against = within, bool((low > margin).any() or (high < -margin).any())
    else:
        beyond, against = bool((low > bound).all()), bool((high < bound).any())
    significant = p_holm < 1 - LEVEL
    true = {  # the first counts
        Verdict.TOO_FEW: measured.seeds < FEWEST,
        Verdict.HOLDS: beyond and significant,
        Verdict.CONTRADICTED: against and significant,
        Verdict.NO_DIFFERENCE: within and comparison.kind is Kind.MORE,
        Verdict.UNDECIDED: True,
    }
    return replace(measured, verdict=next(verdict for verdict, is_so in true.items() if is_so), p_holm=p_holm)
