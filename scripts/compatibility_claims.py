"""What the claims on when a soup is enough rest on: the evidence, and the table of all pairs of rewards."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lib.jobs.arguments import KeyedFiles, Output
from lib.jobs.command_line import run
from lib.papers.compatibility.claims import tables
from lib.papers.compatibility.names import MOMENTS, folder_name, in_words, scores_name
from lib.papers.evidence import Evidence, by_seed
from lib.statistics.scores import Scores


def compute_tables(
    sft: list[Path],
    evidence: Output,
    map: Output,
    *,
    pairs: KeyedFiles,
    compared: dict[str, Any],
    seeds: list[int],
) -> None:
    """sft: scores of the SFT models, a file per seed. pairs: by pair, scores of its points, a file per seed.
    compared: the settings of the evidence (`lib.papers.compatibility.measures`).
    """
    of_sft = {seed: table[table["method"] == "sft"] for seed, table in by_seed(sft, seeds).items()}
    start = {seed: table[table["mixture"] == compared["start"]] for seed, table in of_sft.items()}
    scores = {"moments": Scores.of(moments(start, compared["pairs"]), MOMENTS)}
    for number, pair in enumerate(compared["pairs"]):
        of_pair = by_seed(pairs[folder_name(pair)], seeds)
        joined = {seed: pd.concat([table, start[seed]]) for seed, table in of_pair.items()}
        scores[scores_name(number)] = Scores.of(joined, [*pair, "kl"])
    Evidence(compared, scores).write(evidence)
    tables(Evidence.read(evidence))["map"].to_csv(map, index=False)


def moments(start: Mapping[int, pd.DataFrame], pairs: Sequence[Sequence[str]]) -> dict[int, pd.DataFrame]:
    """By seed, the columns MOMENTS of each pair. start: by seed, the scores of θ_sft, a row for each prompt."""
    found = {}
    for seed, table in start.items():
        rewards = table[list(dict.fromkeys(reward for pair in pairs for reward in pair))]
        standard = (rewards - rewards.mean()) / rewards.std(ddof=0).replace(0, 1)
        rows = []
        for pair in pairs:
            x, y = (standard[reward] for reward in pair)
            columns = {"x": x, "y": y, "xx": x**2, "yy": y**2, "xy": x * y}
            rows.append(table[["method", "prompt"]].assign(mixture=in_words(pair), **columns))
        found[seed] = pd.concat(rows)
    return found


if __name__ == "__main__":
    run(compute_tables)
