"""What the claims of Rewarded Soups rest on: the evidence, and tables of the front, chord, hypervolume and users."""

from pathlib import Path
from typing import Any

import pandas as pd

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.papers.evidence import Evidence, by_seed
from lib.papers.rewarded_soups.claims import tables
from lib.statistics.fronts import is_flat
from lib.statistics.scores import ALONGSIDE, Scores


def compute_tables(
    scores: list[Path],
    sft: list[Path],
    evidence: Output,
    front: Output,
    chord: Output,
    hypervolume: Output,
    preference: Output,
    balance: Output | None,
    *,
    seeds: list[int],
    compared: dict[str, Any],
) -> None:
    """compared: the settings of the evidence (`lib.papers.rewarded_soups.claims`).

    scores, sft: scores of the paper's points and of the SFT models, a file per seed.
    """
    joined = {
        seed: pd.concat([table, of_sft])
        for (seed, table), of_sft in zip(by_seed(scores, seeds).items(), by_seed(sft, seeds).values())
    }
    soups = pd.concat(joined.values()).query("method == 'soup'")
    means = soups.groupby("mixture")[compared["rewards"]].mean()
    if is_flat(means, soups[compared["rewards"]].std()):
        rewards = " and ".join(compared["rewards"])
        print(f"warning: the front is flat: the soups differ by less than a hundredth of the spread of {rewards}")
    told = [column for column in [*compared["columns"], *ALONGSIDE] if column in joined[seeds[0]]]
    Evidence(compared, {"held out": Scores.of(joined, told)}).write(evidence)
    outputs = {"front": front, "chord": chord, "hypervolume": hypervolume, "preference": preference, "balance": balance}
    for name, table in tables(Evidence.read(evidence)).items():
        table.to_csv(outputs[name], index=False)


if __name__ == "__main__":
    run(compute_tables)
