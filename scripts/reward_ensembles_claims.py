"""What the claims of Scalable Ensembling rest on, from policies, best of n, trainings and proxies; and its tables."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from lib.jobs.arguments import KeyedFiles, Output
from lib.jobs.command_line import run
from lib.papers.evidence import Evidence, by_seed
from lib.papers.reward_ensembles.best_of_n import scores_of_curves
from lib.papers.reward_ensembles.claims import tables
from lib.papers.reward_ensembles.policies import TOLD
from lib.papers.reward_ensembles.proxy_claims import measured
from lib.papers.reward_ensembles.training import RECORDED
from lib.statistics.along_training import training_records
from lib.statistics.scores import Scores


def gather_and_tell(
    scores: list[Path],
    curves: list[Path],
    evidence: Output,
    policies: Output,
    training: Output,
    comparisons: Output,
    best_of_n: Output,
    proxies: Output,
    reliability: Output,
    *,
    compared: dict[str, Any],
    trainings: KeyedFiles,
    agreement: KeyedFiles,
    held_out: KeyedFiles,
    seeds: list[int],
) -> None:
    """scores, curves: a file per seed. compared: the evidence's settings. trainings: histories by policy, a file per
    seed. agreement, held_out: by proxy and seed, a file for each of its models.
    """
    scored = by_seed(scores, seeds)
    told = [column for column in TOLD if column in scored[seeds[0]]]
    reports = by_proxy(agreement, seeds, lambda path: json.loads(path.read_text()))
    along = {"training": training_records(trainings, seeds)[RECORDED]}
    Evidence(
        compared,
        {"held out": Scores.of(scored, told), "best of n": scores_of_curves(by_seed(curves, seeds))},
        along | measured(reports, by_proxy(held_out, seeds, pd.read_csv)),
    ).write(evidence)
    found = tables(Evidence.read(evidence))  # as on another machine, which has no more than what was written
    outputs = {"policies": policies, "training": training, "comparisons": comparisons}
    outputs |= {"best_of_n": best_of_n, "proxies": proxies, "reliability": reliability}
    for name, output in outputs.items():
        found[name].to_csv(output, index=False)


def by_proxy(files: KeyedFiles, seeds: list[int], read: Callable[[Path], Any]) -> dict[str, dict[int, list]]:
    """The contents of files on each proxy: for each seed a list, one entry per model."""
    return {name: {seed: [read(path) for path in paths[str(seed)]] for seed in seeds} for name, paths in files.items()}


if __name__ == "__main__":
    run(gather_and_tell)
