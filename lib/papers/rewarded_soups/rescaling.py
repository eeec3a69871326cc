"""Rescaled soups, θ_sft + s (θ − θ_sft): the factor s is chosen on validation prompts, and judged on held-out ones.

Task vectors of the experts are nearly orthogonal, so that a soup is shorter than they are: by √2 at λ = 1/2.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from lib.papers.rewarded_soups.fronts import expected_utility
from lib.papers.rewarded_soups.names import RESCALED


def factors_of(validation: Mapping[int, pd.DataFrame], rewards: Sequence[str]) -> pd.DataFrame:
    """For each seed and factor the expected utility of the soups rescaled by it, and whether it is `chosen`: the most.

    validation: scores on validation prompts, by seed. rewards: of the front's axes.
    """
    rows = []
    for seed, table in validation.items():
        means = split(table).groupby(["factor", "mixture"])[list(rewards)].mean()
        found = {factor: expected_utility(of_one.to_numpy())[0] for factor, of_one in means.groupby("factor")}
        best = max(found, key=lambda factor: found[factor])
        rows += [
            {"seed": seed, "factor": factor, "expected utility": value, "chosen": factor == best}
            for factor, value in found.items()
        ]
    return pd.DataFrame(rows)


def with_chosen(scores: pd.DataFrame, factor: float) -> pd.DataFrame:
    """One seed's scores, with only those rescaled soups that have the chosen factor, by the names of the soups."""
    rescaled = scores["method"] == RESCALED
    candidates = split(scores[rescaled])
    return pd.concat([scores[~rescaled], candidates[candidates["factor"] == factor].drop(columns="factor")])


def split(candidates: pd.DataFrame) -> pd.DataFrame:
    """Scores of rescaled soups with the column `factor`, which was in their names (`candidate_name`)."""
    parts = candidates["mixture"].str.rsplit(" s=", n=1)
    return candidates.assign(mixture=parts.str[0], factor=parts.str[1].astype(float))
