"""Best of n: the sample that a proxy scores highest among n of θ_sft (E-5)."""

import math
from collections.abc import Mapping

import pandas as pd

from lib.papers.claims import NotTestable
from lib.papers.evidence import Evidence
from lib.papers.reward_ensembles.names import ONE_MODEL, aggregates_of
from lib.papers.reward_ensembles.policies import variants_in
from lib.reward_models.best_of_n import kl
from lib.reward_models.proxies import Ensemble
from lib.statistics.intervals import Sample
from lib.statistics.scores import PointName, Scores, in_columns, summaries, summary

COLUMNS = ["proxy", "gold"]
NONE = dict.fromkeys(("value", "low", "high"), math.nan)


def best_point(reward: Ensemble, n: int) -> PointName:
    """The best of n by a reward, in the scores."""
    return reward.name, f"n={n}"


def scores_of_curves(curves: Mapping[int, pd.DataFrame]) -> Scores:
    """From a table for each seed, with a row per reward, n and prompt."""
    named = {
        seed: table.assign(method=table["reward"], mixture=[f"n={n}" for n in table["n"]])
        for seed, table in curves.items()
    }
    return Scores.of(named, COLUMNS)


def sizes_in(evidence: Evidence) -> list[int]:
    """The n of the evidence, from the smallest to the largest."""
    return sorted({int(name.removeprefix("n=")) for _, name in evidence.scores["best of n"].points})


def over_one_sample(evidence: Evidence, reward: Ensemble, n: int) -> Sample:
    """Proxy and gold reward of the best of n, minus those of one sample."""
    return evidence.scores["best of n"].difference(best_point(reward, n), best_point(reward, 1), COLUMNS)


def over_one_model(evidence: Evidence, reward: Ensemble, n: int) -> Sample:
    """Gold reward of the best of n by an ensemble, minus that of the best by one model with the same label noise."""
    scores, one_model = evidence.scores["best of n"], ONE_MODEL._replace(flipped=reward.flipped)
    points = best_point(reward, n), best_point(one_model, n)
    if not set(points) <= set(scores.points):
        raise NotTestable(f"best of n is not by {reward.name} and by {one_model.name}; `make ensembles` has more")
    return scores.difference(*points, ["gold"])


def best_of_n_table(evidence: Evidence) -> pd.DataFrame:
    """Proxy and gold reward of the best of n, minus those of one sample, and gold minus that of one model's best."""
    rows = []
    for reward in aggregates_of(variants_in(evidence)):
        for n in sizes_in(evidence):
            row = {"reward": reward.name, "n": n, "kl": kl(n)}
            for column, found in zip(COLUMNS, summaries(over_one_sample(evidence, reward, n))):
                row |= in_columns(column, found)
            rows.append(row | in_columns("over_one_model", _margin(evidence, reward, n)))
    return pd.DataFrame(rows)


def _margin(evidence: Evidence, reward: Ensemble, n: int) -> dict[str, float]:
    """`over_one_model`, or nothing for one model itself and where there is no such model."""
    if reward.kind == "single":
        return NONE
    try:
        return summary(over_one_model(evidence, reward, n))
    except NotTestable:
        return NONE
