"""Policies of SALSA compared pair by pair, for each seed, on held-out prompts.

The evidence has scores of θ_sft1, the policies and their paths `within` the domains of training and, where a domain is
left out, `beyond` them; `wins within` and `wins beyond`; and `sft`, of the SFT pair and its soup. KL is to θ_sft1. The
settings are pairs, reward, prompts (the domains of each kind), path and margin.
"""

from collections.abc import Sequence

import pandas as pd

from lib.papers.evidence import Evidence
from lib.papers.paths import PointName, path_to
from lib.papers.salsa.names import START, Pair, Variant, variant_point, variants_of, wins_point
from lib.statistics.intervals import Floats, Sample
from lib.statistics.scores import Scores

WIN = "win"


def pairs_of(evidence: Evidence) -> list[Pair]:
    """The pairs that are compared."""
    return [(Variant(*first), Variant(*second)) for first, second in evidence.settings["pairs"]]


def policies_of(evidence: Evidence) -> list[Variant]:
    """The policies of all pairs, each once."""
    return variants_of(pairs_of(evidence))


def difference(evidence: Evidence, pair: Pair, column: str, kind: str = "within") -> Sample:
    """The first policy minus the second in a column of the scores."""
    return evidence.scores[kind].difference(*map(variant_point, pair), [column])


def reward_at_equal_kl(evidence: Evidence, pair: Pair, kind: str = "within") -> Sample:
    """The first policy minus the second in reward, at equal KL to θ_sft1 on the paths from there to each."""
    return evidence.scores[kind].at_equal_kl(*(path_of(evidence, policy) for policy in pair), "reward")


def path_of(evidence: Evidence, policy: Variant) -> list[PointName]:
    """The points from θ_sft1 to a policy."""
    return path_to(variant_point(policy), START, evidence.settings["path"])


def win_rate(evidence: Evidence, pair: Pair, kind: str = "within") -> Sample:
    """The share of prompts on which the gold reward prefers the first policy's completion."""
    return evidence.scores[f"wins {kind}"].sample([wins_point(pair)], [WIN])


def wins(first: Floats, second: Floats) -> Floats:
    """1 where the first is better, 0 where the second is, ½ where they are equal."""
    return (first > second) + 0.5 * (first == second)


def wins_table(scores: pd.DataFrame, pairs: Sequence[Pair]) -> pd.DataFrame:
    """The wins of each pair, prompt by prompt: they are not a function of the policies' means.

    scores: of one seed. Returns a table like it, with a point for each pair and the column `win`.
    """
    gold = scores.set_index(["method", "mixture", "prompt"])["gold"].sort_index()
    found = []
    for pair in pairs:
        first, second = (gold.loc[variant_point(policy)] for policy in pair)
        method, name = wins_point(pair)
        won = {"prompt": first.index, WIN: wins(first.to_numpy(), second.to_numpy())}
        found.append(pd.DataFrame({"method": method, "mixture": name} | won))
    return pd.concat(found)


def scores_by_kind(evidence: Evidence) -> dict[str, Scores]:
    """The scores of policies, by kind of prompts."""
    return {kind: evidence.scores[kind] for kind in ("within", "beyond") if kind in evidence.scores}
