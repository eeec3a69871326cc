"""Claims of other papers that the evidence of Rewarded Soups decides: the same policies, combined otherwise."""

from functools import partial

from lib.papers.claims import Claim, Numbers, beside
from lib.papers.evidence import Evidence
from lib.papers.rewarded_soups.fronts import utility_of
from lib.statistics.comparisons import Kind

SOUPS = "soups at the preferences"
MOD = "experts and MOD"


def mixed_logits(evidence: Evidence) -> Numbers:
    """MOD-1, the primary comparison: at the same experts and preferences, so that only the combination differs."""
    return utility_of(MOD, SOUPS, evidence)


OTHER_CLAIMS = [
    Claim(
        "MOD-1",
        "mixing the experts' logits at each token (MOD, arXiv 2406.18853) gives more reward than averaged weights",
        "abstract",
        "expected utility over preferences, experts with MOD minus experts with as many soups",
        mixed_logits,
        theirs="12.8 % more reward than averaged parameters, three rewards weighted equally",
    ),
    beside(
        "MOD-1",
        compares="expected utility over preferences, experts with MOD minus experts with as many MORL policies",
        numbers=partial(utility_of, MOD, "experts and MORL"),
        kind=Kind.AT_LEAST,
    ),
]
