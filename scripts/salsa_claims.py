"""What the claims of SALSA rest on: scores, trainings and the spread of the SFT pair, and the tables made from them."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from lib.data.snippets import FILES
from lib.jobs.arguments import KeyedFiles, Output
from lib.jobs.command_line import run
from lib.papers.evidence import Evidence, by_seed
from lib.papers.salsa.claims import tables
from lib.papers.salsa.comparisons import WIN, wins_table
from lib.papers.salsa.names import Pair, Variant
from lib.statistics.along_training import training_records, with_total
from lib.statistics.scores import Scores

OF_MODELS = ["reward", "gold", "tokens", "words", "bits_per_byte"]  # what is known of the SFT models
OF_POLICIES = [*OF_MODELS[:2], "kl", "kl_to_anchor", *OF_MODELS[2:]]


def compute_claims(
    sft: list[Path],
    sft_spread: Path,
    evidence: Output,
    policies: Output,
    comparisons: Output,
    soup: Output,
    spread: Output,
    *,
    compared: dict[str, Any],
    within: KeyedFiles,
    beyond: KeyedFiles,
    trainings: KeyedFiles,
    left_out: str | None,
    seeds: list[int],
) -> None:
    """compared: the settings of the evidence (`lib.papers.salsa.comparisons`), but for the names of domains.

    within, beyond: scores on prompts of the domains of training, and of the domain left out; by seed, a file for each
    set of policies. trainings: histories by policy, a file per seed. sft: scores of the SFT models, a file per seed.
    sft_spread: how far these are from their soup.
    """
    seen = ", ".join(domain for domain in FILES if domain != left_out) if left_out in FILES else "all other prompts"
    settings = compared | {"prompts": {"within": seen, "beyond": left_out}}
    reward, pairs = compared["reward"], [(Variant(*first), Variant(*second)) for first, second in compared["pairs"]]
    scores = {"sft": of_columns(rewarded(by_seed(sft, seeds), reward), OF_MODELS)}
    for kind, files in (("within", within), ("beyond", beyond)):
        if files:
            scores |= scores_of(kind, rewarded(joined(files, seeds), reward), pairs)
    found = {"training": training_records(trainings, seeds), "spread": spread_by_seed(sft_spread, seeds)}
    Evidence(settings, scores, found).write(evidence)
    outputs = {"policies": policies, "comparisons": comparisons, "soup": soup, "spread": spread}
    for name, table in tables(Evidence.read(evidence)).items():
        table.to_csv(outputs[name], index=False)


def joined(files: dict[str, Any], seeds: list[int]) -> dict[int, pd.DataFrame]:
    """One table of scores for each seed, with all sets of policies."""
    return {seed: pd.concat([pd.read_csv(path) for path in files[str(seed)]]) for seed in seeds}


def rewarded(tables: dict[int, pd.DataFrame], reward: dict[str, float]) -> dict[int, pd.DataFrame]:
    """The tables with the column `reward`, what the policies were trained on."""
    return {seed: with_total(table, reward) for seed, table in tables.items()}


def of_columns(tables: dict[int, pd.DataFrame], columns: list[str]) -> Scores:
    """The scores in those columns that are there."""
    return Scores.of(tables, [column for column in columns if all(column in table for table in tables.values())])


def scores_of(kind: str, tables: dict[int, pd.DataFrame], pairs: list[Pair]) -> dict[str, Scores]:
    """The scores of policies on a kind of prompts, and which policy of each pair wins there."""
    won = {seed: wins_table(table, pairs) for seed, table in tables.items()}
    return {kind: of_columns(tables, OF_POLICIES), f"wins {kind}": Scores.of(won, [WIN])}


def spread_by_seed(file: Path, seeds: list[int]) -> pd.DataFrame:
    """The spread of the pair that the policies of each seed have started from."""
    table = pd.DataFrame(json.loads(file.read_text())["spread"])
    return pd.concat([table.assign(seed=seed) for seed in seeds])


if __name__ == "__main__":
    run(compute_claims)
