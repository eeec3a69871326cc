"""A claim of a paper, and the table of what is said of all claims.

Each paper's `claims.py` has its list `CLAIMS`: an entry is a claim with its one primary comparison, written down before
the run, or a further comparison that stands beside it without a verdict.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from lib.papers.evidence import Evidence
from lib.statistics.comparisons import Comparison, Kind
from lib.statistics.intervals import Sample, band
from lib.statistics.verdicts import Judgement, judge, measure

Numbers = tuple[Sample, Sequence[str]]
"""The numbers of a comparison, for each seed, and what each is of."""


class NotTestable(Exception):
    """Why a claim cannot be tested on the evidence."""


@dataclass(frozen=True)
class Claim:
    """A claim, or a further comparison of one.

    name: such as "RS-1"; claims of one paper have the same letters. says: the paper's sentence in our words; section:
    where it stands. compares: what is compared here, in words. numbers: those for each seed, or `NotTestable`. kind:
    what the claim says of them. margin: the difference that would matter, in `unit`; None is `evaluation.margin`.
    theirs: the paper's own figure. scope: what the claim is about and all seeds share, so that the verdict speaks of
    nothing else, such as one SFT pair.
    """

    name: str
    says: str
    section: str
    compares: str
    numbers: Callable[[Evidence], Numbers]
    kind: Kind = Kind.MORE
    margin: float | None = None
    unit: str = "reward"
    primary: bool = True
    theirs: str = ""
    scope: str = ""

    @property
    def letters(self) -> str:
        """Of the paper that says it."""
        return self.name.rpartition("-")[0]

    def comparison(self, evidence: Evidence) -> Comparison | str:
        """The comparison on some evidence, or why it cannot be made."""
        try:
            sample, at = self.numbers(evidence)
        except NotTestable as why:
            return str(why)
        return Comparison(sample, list(at), self.kind, evidence.margin if self.margin is None else self.margin)


beside = partial(Claim, says="", section="", primary=False)
"""A further comparison of a claim, given by name, compares and numbers."""


def claims_table(claims: Mapping[str, Sequence[Claim]], evidence: Mapping[str, Evidence]) -> pd.DataFrame:
    """A row for each comparison of each paper, with the verdict where it is a claim's primary one.

    claims, evidence: by paper. Holm's adjustment is over the claims of a paper that can be tested; those of another
    paper that is compared on the same evidence are adjusted by themselves.
    """
    rows = []
    for paper, entries in claims.items():
        found = {claim: claim.comparison(evidence[paper]) for claim in entries}
        verdicts: dict[Claim, Judgement] = {}
        for letters in dict.fromkeys(claim.letters for claim in entries):
            primary = [claim for claim in entries if claim.primary and claim.letters == letters]
            verdicts |= zip(primary, judge([found[claim] for claim in primary]))
        for claim in entries:
            judged = verdicts.get(claim) or _beside(found[claim])
            if judged is not None:
                rows.append(_row(paper, claim, judged, evidence[paper].margin))
    return pd.DataFrame(rows)


def _beside(found: Comparison | str) -> Judgement | None:
    """A further comparison, or none where it cannot be made."""
    return None if isinstance(found, str) else measure(found, band(found.sample), 1)


def _row(paper: str, claim: Claim, judged: Judgement, margin: float) -> dict[str, Any]:
    return {
        "paper": paper,
        "claim": claim.name,
        "primary": claim.primary,
        "says": claim.says,
        "section": claim.section,
        "compares": claim.compares,
        "kind": claim.kind.value,
        "at": judged.at,
        "estimate": judged.estimate,
        "low": judged.low,
        "high": judged.high,
        "unit": claim.unit,
        "p": judged.p,
        "p_holm": judged.p_holm,
        "seeds": judged.seeds,
        "margin": margin if claim.margin is None else claim.margin,
        "power": judged.power,
        "detectable": judged.detectable,
        "seeds_needed": judged.seeds_needed,
        "verdict": judged.verdict.value if claim.primary else "",
        "reason": judged.reason,
        "theirs": claim.theirs,
        "scope": claim.scope,
    }
