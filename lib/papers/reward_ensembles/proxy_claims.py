"""The proxies themselves: agreement, calibration and correlation of their members (E-3, E-4)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lib.reward_models.pairs import calibration_error, preference_probability, reliability
from lib.statistics.along_training import over_seeds
from lib.statistics.intervals import Floats
from lib.statistics.means import in_columns

AGREEMENT = ["agreement with people", "accuracy by gold"]


def proxy_table(
    reports: Mapping[str, Sequence[Sequence[Mapping]]],
    held_out: Mapping[str, Sequence[Sequence[pd.DataFrame]]],
    bins: pd.DataFrame,
    resamples: int,
) -> pd.DataFrame:
    """Agreement of the members with people and with gold, calibration of the proxy, correlation of the members.

    reports, held_out: by proxy and seed, those of its models. bins: `reliability_table`. Intervals: over seeds alone.
    """
    rows = []
    for proxy, by_seed in reports.items():
        errors = [calibration_error(seed_bins) for _, seed_bins in bins[bins["proxy"] == proxy].groupby("seed")]
        measures = {
            **{
                name: [mean_of_members(models, name) for models in by_seed]
                for name in AGREEMENT
                if name in by_seed[0][0]
            },
            "calibration error": errors,
            "correlation of members": [correlation_of_members(margins_of(models)) for models in held_out[proxy]],
        }
        row: dict[str, object] = {"proxy": proxy}
        for name, values in measures.items():
            row |= in_columns(name, over_seeds(np.array(values), resamples))
        rows.append(row)
    return pd.DataFrame(rows)


def mean_of_members(reports: Sequence[Mapping[str, Sequence[float]]], name: str) -> float:
    """The mean over all members of a proxy, from the reports of its models."""
    return float(np.mean([value for report in reports for value in report[name]]))


def reliability_table(held_out: Mapping[str, Sequence[Sequence[pd.DataFrame]]]) -> pd.DataFrame:
    """`lib.reward_models.pairs.reliability` of each proxy and seed.

    held_out: by proxy and seed, a table for each of its models, of the same pairs: `label`, `margin_0`, ...
    """
    tables = []
    for proxy, by_seed in held_out.items():
        for seed, models in enumerate(by_seed):
            bins = reliability(preference_probability(margins_of(models)), models[0]["label"].to_numpy())
            tables.append(bins.assign(proxy=proxy, seed=seed, bin=range(len(bins))))
    return pd.concat(tables, ignore_index=True)


def margins_of(models: Sequence[pd.DataFrame]) -> Floats:
    """Each member's margin between the texts of held-out pairs, (pairs, K), from the tables of a proxy's models."""
    return np.concatenate([table.filter(like="margin_").to_numpy() for table in models], axis=1)


def correlation_of_members(margins: Floats) -> float:
    """The mean correlation over pairs of members, or 1 with a single member. margins: (pairs, K)."""
    members = margins.shape[1]
    between = np.corrcoef(margins.T)[np.triu_indices(members, 1)] if members > 1 else np.ones(1)
    return float(between.mean())
