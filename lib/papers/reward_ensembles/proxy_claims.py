"""The proxies themselves: agreement, calibration and correlation of their members, and what they cost (E-3, E-4)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lib.papers.evidence import Evidence
from lib.papers.reward_ensembles.names import ONE_MODEL
from lib.reward_models.cost import COST
from lib.reward_models.pairs import calibration_error, preference_probability, reliability
from lib.statistics.intervals import Floats, Sample
from lib.statistics.scores import in_columns, summaries

AGREEMENT = ["agreement with people", "accuracy by gold"]
IN_MODELS = [f"{name}, in models" for name in COST]
Reports = Mapping[str, Mapping[int, Sequence[Mapping]]]
"""By proxy and seed, the report of each of its models."""
HeldOut = Mapping[str, Mapping[int, Sequence[pd.DataFrame]]]
"""By proxy and seed, a table for each of its models, of the same pairs: `label`, `margin_0`, ..."""


def measured(reports: Reports, held_out: HeldOut) -> dict[str, pd.DataFrame]:
    """The evidence on proxies. `reliability`: `lib.reward_models.pairs.reliability` of each proxy and seed. `proxies`:
    a row for each, with the agreement of its members, its calibration error, how its members correlate, and its cost
    (`lib.reward_models.cost`) as a multiple of one model's.
    """
    bins, rows = [], []
    one = costs(next(iter(reports[ONE_MODEL.proxy].values())))
    for proxy, by_seed in held_out.items():
        for seed, models in by_seed.items():
            margins, name = margins_of(models), {"proxy": proxy, "seed": seed}
            found = reliability(preference_probability(margins), models[0]["label"].to_numpy())
            bins.append(found.assign(**name, bin=range(len(found))))
            rows.append(
                name
                | agreement(reports[proxy][seed])
                | {"calibration error": calibration_error(found), "correlation of members": correlation(margins)}
                | dict(zip(IN_MODELS, costs(reports[proxy][seed]) / one))
            )
    return {"reliability": pd.concat(bins, ignore_index=True), "proxies": pd.DataFrame(rows)}


def agreement(reports: Sequence[Mapping[str, Sequence[float]]]) -> dict[str, float]:
    """The means over all members of a proxy, from the reports of its models."""
    return {
        name: float(np.mean([value for report in reports for value in report[name]]))
        for name in AGREEMENT
        if name in reports[0]
    }


def costs(reports: Sequence[Mapping[str, Sequence[float]]]) -> Floats:
    """The cost of all models of a proxy together, (2,)."""
    return np.array([sum(report[name][0] for report in reports) for name in COST])


def margins_of(models: Sequence[pd.DataFrame]) -> Floats:
    """Each member's margin between the texts of held-out pairs, (pairs, K), from the tables of a proxy's models."""
    return np.concatenate([table.filter(like="margin_").to_numpy() for table in models], axis=1)


def correlation(margins: Floats) -> float:
    """The mean correlation over pairs of members, or 1 with a single member. margins: (pairs, K)."""
    members = margins.shape[1]
    between = np.corrcoef(margins.T)[np.triu_indices(members, 1)] if members > 1 else np.ones(1)
    return float(between.mean())


def proxy_table(evidence: Evidence) -> pd.DataFrame:
    """Agreement, calibration, correlation and cost of each proxy, over seeds."""
    table = evidence.tables["proxies"]
    measures = [column for column in table if column not in ("proxy", "seed")]
    rows = []
    for proxy, of_seeds in table.groupby("proxy", sort=False):
        row: dict[str, object] = {"proxy": proxy}
        for name, found in zip(measures, summaries(Sample(of_seeds[measures].to_numpy()))):
            row |= in_columns(name, found)
        rows.append(row)
    return pd.DataFrame(rows)
