"""What the claims of WARP rest on: the evidence, and tables of the plane, equal KL, SLERP and LITI."""

from pathlib import Path
from typing import Any

import pandas as pd

from lib.jobs.arguments import KeyedFiles, Output
from lib.jobs.command_line import run
from lib.papers.evidence import Evidence, by_seed
from lib.papers.warp.claims import tables
from lib.statistics.along_training import training_records, with_total
from lib.statistics.scores import ALONGSIDE, Scores


def compute_tables(
    scores: list[Path],
    evidence: Output,
    plane: Output,
    equal_kl: Output,
    slerp: Output,
    liti: Output,
    *,
    seeds: list[int],
    trainings: KeyedFiles,
    angles: KeyedFiles,
    reward: dict[str, float],
    compared: dict[str, Any],
) -> None:
    """scores: a file per seed. trainings: histories by policy, angles: by iteration, both a file per seed.

    reward: what policies were trained on. compared: the settings of the evidence (`lib.papers.warp.claims`).
    """
    by_point = by_seed(scores, seeds)
    told = [column for column in [*reward, *ALONGSIDE] if column in by_point[seeds[0]]]
    further = {"training": with_total(training_records(trainings, seeds), reward), "angles": angle_table(angles, seeds)}
    found = Scores.of(by_point, told).with_sum("reward", reward)
    Evidence(compared, {"held out": found}, further).write(evidence)
    outputs = {"plane": plane, "equal_kl": equal_kl, "slerp": slerp, "liti": liti}
    for name, table in tables(Evidence.read(evidence)).items():
        table.to_csv(outputs[name], index=False)


def angle_table(files: KeyedFiles, seeds: list[int]) -> pd.DataFrame:
    """The angles between policies of all iterations and seeds."""
    return pd.concat(
        pd.read_csv(path).assign(seed=seed, iteration=int(iteration))
        for iteration, paths in files.items()
        for seed, path in zip(seeds, paths, strict=True)
    )


if __name__ == "__main__":
    run(compute_tables)
