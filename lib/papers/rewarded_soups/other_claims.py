"""Claims of other papers that the evidence of Rewarded Soups decides: the same policies, combined otherwise."""

from functools import partial

from lib.papers.claims import Claim, NotTestable, Numbers, beside
from lib.papers.evidence import Evidence
from lib.papers.rewarded_soups.fronts import at_preferences, expected_utility, scores_of, utility_of
from lib.statistics.comparisons import Kind

SOUPS = "soups at the preferences"
MOD = "experts and MOD"


def mixed_logits(evidence: Evidence) -> Numbers:
    """MOD-1, the primary comparison: at the same experts and preferences, so that only the combination differs."""
    return utility_of(MOD, SOUPS, evidence)


def bones_over_soups(evidence: Evidence) -> Numbers:
    """BS-1, the primary comparison: at the same λ, with as many trained policies."""
    scores, rewards = scores_of(evidence), evidence.settings["rewards"]
    names = [name for method, name in scores.points if method == "bone"]
    if not names:
        raise NotTestable("no Bone Soups are scored (rewarded_soups.bone_soups)")
    bones, soups = (
        scores.sample([(method, name) for name in names], rewards, expected_utility) for method in ("bone", "soup")
    )
    return bones - soups, ["expected utility"]


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
        compares="the user's reward, MOD minus the soup at the same λ = μ",
        numbers=partial(at_preferences, "mod", "soup"),
    ),
    beside(
        "MOD-1",
        compares="expected utility over preferences, experts with MOD minus experts with as many MORL policies",
        numbers=partial(utility_of, MOD, "experts and MORL"),
        kind=Kind.AT_LEAST,
    ),
    Claim(
        "BS-1",
        "soups of policies trained on mixtures of rewards (Bone Soups, arXiv 2502.10762) have a better front than those"
        " of experts",
        "abstract",
        "expected utility over preferences, Bone Soups minus soups of the experts at the same λ",
        bones_over_soups,
    ),
]
