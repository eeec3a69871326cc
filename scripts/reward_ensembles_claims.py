"""Which claims of Scalable Ensembling hold: over-optimisation (E-1), ensembles (E-2, E-4), best-of-n (E-5)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from lib.jobs.arguments import KeyedFiles, Output
from lib.jobs.command_line import run
from lib.papers.reward_ensembles.claims import best_of_n_table, comparison_table, policy_table, training_table
from lib.papers.reward_ensembles.names import Variant, aggregates_of
from lib.papers.reward_ensembles.proxy_claims import proxy_table, reliability_table
from lib.statistics.along_training import read_history


def compute_claims(
    scores: list[Path],
    curves: list[Path],
    policies: Output,
    training: Output,
    comparisons: Output,
    best_of_n: Output,
    proxies: Output,
    reliability: Output,
    *,
    variants: list[list],
    trainings: KeyedFiles,
    agreement: KeyedFiles,
    held_out: KeyedFiles,
    seeds: list[int],
    resamples: int,
) -> None:
    """scores, curves: a file per seed. trainings: histories by policy, a file per seed. agreement, held_out: by proxy
    and seed, a file for each of its models.
    """
    trained = [Variant.of(listed) for listed in variants]
    by_variant = {variant: [read_history(path) for path in trainings[variant.name]] for variant in trained}
    by_seed = [pd.read_csv(path) for path in scores]

    policy_table(by_seed, trained, resamples).to_csv(policies, index=False)
    training_table(by_variant, resamples).to_csv(training, index=False)
    comparison_table(by_seed, by_variant, resamples).to_csv(comparisons, index=False)
    best = best_of_n_table([pd.read_csv(path) for path in curves], aggregates_of(trained), resamples)
    best.to_csv(best_of_n, index=False)
    pairs = by_proxy(held_out, seeds, pd.read_csv)
    bins = reliability_table(pairs)
    bins.to_csv(reliability, index=False)
    reports = by_proxy(agreement, seeds, lambda path: json.loads(path.read_text()))
    proxy_table(reports, pairs, bins, resamples).to_csv(proxies, index=False)


def by_proxy(files: KeyedFiles, seeds: list[int], read: Callable[[Path], Any]) -> dict[str, list[list]]:
    """The contents of files on each proxy: for each seed a list, one entry per model."""
    return {name: [[read(path) for path in paths[str(seed)]] for seed in seeds] for name, paths in files.items()}


if __name__ == "__main__":
    run(compute_claims)
