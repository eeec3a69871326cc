"""Points that are scored, whatever the policies are: which of them are alike, and the table of their scores."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from lib.merging import merge_named

LOGITS = "logits"  # also where policies have none: then their distributions of actions are mixed


class Point(NamedTuple):
    """A combination of some policies.

    merge: its name (`lib.merging.merge_named`), or "logits" for MOD (arXiv 2406.18853): softmax(Σᵢ wᵢ zᵢ) ∝ Πᵢ πᵢ^wᵢ at
    each token. Where each πᵢ is optimal for its Rᵢ, with one β and anchor, this is for Σᵢ wᵢ Rᵢ. Rewarded Soups
    compares its soups with it as the ensemble of predictions. weights: one per policy. anchor: the weights of a linear
    soup of policies that KL is measured to as well, or None.
    """

    merge: str
    weights: tuple[float, ...]
    anchor: tuple[float, ...] | None

    def present(self, policies: Sequence[Path]) -> dict[Path, float]:
        """The policies that have a weight in it, with that. It may be negative."""
        return {policy: weight for policy, weight in zip(policies, self.weights, strict=True) if weight}


def as_point(merge: str, weights: list[float], anchor: list[float] | None = None, **_) -> Point:
    """What is computed. Points that are the same policy, such as the ends of several fronts, are scored once.

    Raises ValueError where there is no such merge.
    """
    keeps_ends = merge == LOGITS or merge_named(merge).keeps_ends
    alone = keeps_ends and [weight for weight in weights if weight] == [1]
    return Point("linear" if alone else merge, tuple(weights), None if anchor is None else tuple(anchor))


def rows_of(
    points: Sequence[Mapping[str, Any]], scored: Mapping[Point, pd.DataFrame], shown: Sequence[str], kl_estimator: str
) -> pd.DataFrame:
    """The scores of all points, with the name of each. Prints the means of the columns that are shown."""
    tables = []
    for point in points:
        name = {key: point[key] for key in ("method", "mixture")}
        tables.append(scored[as_point(**point)].assign(**name, kl_estimator=kl_estimator))
        means = "  ".join(f"{column} {tables[-1][column].mean():.3f}" for column in shown)
        print(f"{name['method']} {name['mixture']}  {means}")
    return pd.concat(tables)


def write_scores(table: pd.DataFrame, file: Path) -> None:
    """As CSV with all texts in quotes: a policy may write a carriage return, which ends a line where it has none."""
    table.to_csv(file, index=False, quoting=csv.QUOTE_NONNUMERIC)
