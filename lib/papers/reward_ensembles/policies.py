"""Policies on held-out prompts, and which pairs of them are compared (E-2, E-4).

The evidence has the scores "held out" and "best of n", the tables training, proxies and reliability, and the settings
variants, start, path and margin.
"""

from collections.abc import Sequence
from itertools import permutations

import pandas as pd

from lib.papers.claims import NotTestable
from lib.papers.evidence import Evidence
from lib.papers.paths import path_to
from lib.papers.reward_ensembles.names import HEADS, MODELS, Variant, variant_point
from lib.reward_models.proxies import Ensemble
from lib.statistics.intervals import Sample
from lib.statistics.scores import NAME, PointName, Scores, front_table, in_columns, summaries, summary

TOLD = {  # columns of the scores that are told of every policy, where they are there
    "gold": "gold reward",
    "kl": "KL to θ_sft",
    "tokens": "tokens",
    "words": "different words",
    "bits_per_byte": "bits per byte",
}
EQUAL_KL = "gold reward at equal KL"


def scores_of(evidence: Evidence) -> Scores:
    """The scores on held-out prompts."""
    return evidence.scores["held out"]


def variants_in(evidence: Evidence) -> list[Variant]:
    """The policies of the evidence."""
    return [Variant.of(listed) for listed in evidence.settings["variants"]]


def start_of(evidence: Evidence) -> PointName:
    """θ_sft in the scores."""
    return "sft", evidence.settings["start"]


def betas_of(evidence: Evidence, *rewards: Ensemble) -> list[float]:
    """The β at which policies were trained on each of some rewards, the smallest first.

    Raises NotTestable where there is none.
    """
    variants = variants_in(evidence)
    betas = [{variant.beta for variant in variants if variant.ensemble == reward} for reward in rewards]
    shared = set.intersection(*betas)
    if not shared:
        names = " and on ".join(reward.name for reward in rewards)
        raise NotTestable(f"no policies are trained on {names}, at one β; `make ensembles` trains more policies")
    return sorted(shared)


def at_smallest_beta(evidence: Evidence, *rewards: Ensemble) -> list[Variant]:
    """The policies that were trained on some rewards at the smallest β that all of them have."""
    smallest = betas_of(evidence, *rewards)[0]
    return [Variant(reward, smallest) for reward in rewards]


def in_gold(evidence: Evidence, first: Variant, second: Variant) -> Sample:
    """Gold reward of the first policy minus that of the second."""
    return scores_of(evidence).difference(variant_point(first), variant_point(second), ["gold"])


def in_gold_at_equal_kl(evidence: Evidence, first: Variant, second: Variant) -> Sample:
    """The same at equal KL, on the paths from θ_sft to the two policies."""
    path, other = (
        path_to(variant_point(variant), start_of(evidence), evidence.settings["path"]) for variant in (first, second)
    )
    return scores_of(evidence).at_equal_kl(path, other, "gold")


def compared(variants: Sequence[Variant]) -> list[tuple[Variant, Variant]]:
    """The pairs of policies that are compared, at equal β and label noise.

    Each ensemble is compared with one model and with its own mean. By the same aggregate, K heads and the average of
    K models are compared with K models, and other heads with the standard three, which are trained with their encoder.
    """

    def is_compared(first: Variant, second: Variant) -> bool:
        ours, theirs = first.ensemble, second.ensemble
        if first.beta != second.beta or ours.flipped != theirs.flipped:
            return False
        if theirs.kind == "single" or theirs == ours._replace(aggregate="mean"):
            return True
        if ours.kind == "single" or ours.aggregate != theirs.aggregate:
            return False
        if theirs.kind == "models":
            return ours.kind in ("heads", "frozen_heads", "warm") and ours.members == theirs.members
        return "heads" in ours.kind and theirs == HEADS._replace(aggregate=theirs.aggregate, flipped=theirs.flipped)

    return [(first, second) for first, second in permutations(variants, 2) if is_compared(first, second)]


def worst_case_and_mean(evidence: Evidence) -> list[tuple[Variant, Variant]]:
    """The policies trained on the worst case of heads or models, and those trained on the same members' mean."""
    return [
        (first, second)
        for first, second in compared(variants_in(evidence))
        if first.ensemble in (HEADS, MODELS) and second.ensemble.aggregate == "mean" and second.ensemble.members > 1
    ]


def comparison_table(evidence: Evidence) -> pd.DataFrame:
    """E-2 and E-4: the first policy of each pair minus the second, on held-out prompts, as they are and at equal KL."""
    scores = scores_of(evidence)
    told = [column for column in TOLD if column in scores.columns]
    rows = []
    for first, second in compared(variants_in(evidence)):
        difference = scores.difference(variant_point(first), variant_point(second), told)
        found = dict(zip([TOLD[column] for column in told], summaries(difference)))
        found[EQUAL_KL] = summary(in_gold_at_equal_kl(evidence, first, second))
        names = {"policy": first.name, "against": second.name}
        rows += [names | {"comparison": name} | value for name, value in found.items()]
    return pd.DataFrame(rows, columns=["policy", "against", "comparison", "value", "low", "high"])


def policy_table(evidence: Evidence) -> pd.DataFrame:
    """θ_sft and each policy on held-out prompts: `gold`, its gold reward less that of θ_sft; the rest as it is."""
    scores, start, variants = scores_of(evidence), start_of(evidence), variants_in(evidence)
    points = [start, *map(variant_point, variants)]
    gains = [in_columns("gold", summary(scores.difference(point, start, ["gold"]))) for point in points]
    others = [column for column in TOLD if column in scores.columns and column != "gold"]
    table = pd.DataFrame({"policy": ["θ_sft", *(variant.name for variant in variants)]})
    return table.join(pd.DataFrame(gains)).join(front_table(scores, others, points).drop(columns=NAME))
