"""What of Scalable Ensembling holds here: over-optimisation (E-1), ensembles (E-2, E-4), best-of-n (E-5)."""

import json
from pathlib import Path

import pandas as pd

from lib.jobs.command_line import Output, run
from lib.papers.reward_ensembles.claims import (
    best_of_n_table,
    comparison_table,
    policy_table,
    proxy_table,
    reliability_table,
    training_table,
)
from lib.papers.reward_ensembles.names import Variant, aggregates_of
from lib.statistics.along_training import grouped, read_history


def compute_claims(
    scores: list[Path],
    trainings: list[Path],
    curves: list[Path],
    agreement: list[Path],
    held_out: list[Path],
    policies: Output,
    training: Output,
    comparisons: Output,
    best_of_n: Output,
    proxies: Output,
    reliability: Output,
    *,
    variants: list[list],
    models: dict[str, list[int]],
    resamples: int,
) -> None:
    """scores, curves: a file per seed. trainings: the seeds of one policy after those of another. agreement, held_out:
    the files of one seed's models after those of another's. models: by proxy, which of a seed's models it is made of.
    """
    of_study = [Variant.of(listed) for listed in variants]
    seeds = len(scores)
    histories = grouped([read_history(path) for path in trainings], len(of_study))
    by_variant = dict(zip(of_study, histories))
    by_seed = [pd.read_csv(path) for path in scores]

    def by_proxy(files: list) -> dict[str, list[list]]:
        return {
            name: [[of_seed[i] for i in parts] for of_seed in grouped(files, seeds)] for name, parts in models.items()
        }

    policy_table(by_seed, of_study, resamples).to_csv(policies, index=False)
    training_table(by_variant, resamples).to_csv(training, index=False)
    comparison_table(by_seed, by_variant, resamples).to_csv(comparisons, index=False)
    best = best_of_n_table([pd.read_csv(path) for path in curves], aggregates_of(of_study), resamples)
    best.to_csv(best_of_n, index=False)
    pairs = by_proxy([pd.read_csv(path) for path in held_out])
    bins = reliability_table(pairs)
    bins.to_csv(reliability, index=False)
    reports = by_proxy([json.loads(path.read_text()) for path in agreement])
    proxy_table(reports, pairs, bins, resamples).to_csv(proxies, index=False)


if __name__ == "__main__":
    run(compute_claims)
