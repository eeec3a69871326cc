"""What the claims of Rewarded Soups rest on: the evidence, and tables of the front, chord, hypervolume and users."""

from pathlib import Path
from typing import Any

import pandas as pd

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.papers.evidence import Evidence, by_seed
from lib.papers.rewarded_soups.claims import tables
from lib.papers.rewarded_soups.rescaling import factors_of, with_chosen
from lib.statistics.fronts import is_flat
from lib.statistics.scores import ALONGSIDE, Scores


def compute_tables(
    scores: list[Path],
    sft: list[Path],
    others: list[Path],
    validation: list[Path],
    evidence: Output,
    front: Output,
    chord: Output,
    hypervolume: Output,
    preference: Output,
    balance: Output | None,
    factors: Output | None,
    *,
    seeds: list[int],
    compared: dict[str, Any],
) -> None:
    """compared: the settings of the evidence (`lib.papers.rewarded_soups.claims`).

    scores, sft, others: scores of the paper's points, of the SFT models, and of what else its policies give, a file per
    seed. validation: scores of rescaled soups on validation prompts. The last two may be empty.
    """
    of_each = [by_seed(files, seeds) for files in (scores, sft, others) if files]
    joined = {seed: pd.concat([tables[seed] for tables in of_each]) for seed in seeds}
    of_evidence = {}
    if validation:
        of_evidence["factors"] = factors_of(by_seed(validation, seeds), compared["rewards"])
        chosen = of_evidence["factors"].query("chosen").set_index("seed")["factor"]
        joined = {seed: with_chosen(table, chosen[seed]) for seed, table in joined.items()}
    soups = pd.concat(joined.values()).query("method == 'soup'")
    means = soups.groupby("mixture")[compared["rewards"]].mean()
    if is_flat(means, soups[compared["rewards"]].std()):
        rewards = " and ".join(compared["rewards"])
        print(f"warning: the front is flat: the soups differ by less than a hundredth of the spread of {rewards}")
    told = [column for column in [*compared["columns"], *ALONGSIDE] if column in joined[seeds[0]]]
    Evidence(compared, {"held out": Scores.of(joined, told)}, of_evidence).write(evidence)
    outputs = {"front": front, "chord": chord, "hypervolume": hypervolume, "preference": preference}
    outputs |= {"balance": balance, "factors": factors}
    for name, table in tables(Evidence.read(evidence)).items():
        table.to_csv(outputs[name], index=False)


if __name__ == "__main__":
    run(compute_tables)
