"""Which claims of SALSA hold: policies compared pair by pair (S-1 to S-4), the soup of the SFT models (S-5)."""

from pathlib import Path

import pandas as pd

from lib.data.snippets import FILES
from lib.jobs.arguments import KeyedFiles, Output
from lib.jobs.command_line import run
from lib.papers.salsa.claims import comparison_table, soup_table
from lib.papers.salsa.names import Variant, variants_of
from lib.statistics.along_training import read_trajectory, with_total
from lib.statistics.means import Means, front_table


def compute_claims(
    sft: list[Path],
    policies: Output,
    comparisons: Output,
    soup: Output,
    *,
    pairs: list[list],
    within: KeyedFiles,
    beyond: KeyedFiles,
    trainings: KeyedFiles,
    reward: dict[str, float],
    left_out: str | None,
    seeds: list[int],
    resamples: int,
) -> None:
    """within, beyond: scores on prompts of the domains of training, and of the domain left out; by seed, a file for
    each set of policies. trainings: histories by policy, a file per seed. sft: scores of the SFT models, by seed.
    """
    compared = [(Variant(*first), Variant(*second)) for first, second in pairs]
    variants = variants_of(compared)
    seen = ", ".join(domain for domain in FILES if domain != left_out) if left_out in FILES else "all other prompts"
    scores = {seen: by_seed(within, seeds, reward)}
    if left_out is not None:
        scores[left_out] = by_seed(beyond, seeds, reward)
    paths = {variant: [read_trajectory(path, reward) for path in trainings[variant.name]] for variant in variants}
    columns = ["reward", "gold", "kl", "kl_to_anchor"]
    tables = [
        front_table(Means.of(seed_tables, columns, resamples)).assign(prompts=domains)
        for domains, seed_tables in scores.items()
    ]
    pd.concat(tables).drop(columns="method").to_csv(policies, index=False)
    comparison_table(scores, paths, compared, resamples).to_csv(comparisons, index=False)
    sft_means = Means.of([with_total(pd.read_csv(path), reward) for path in sft], ["reward", "gold"], resamples)
    soup_table(sft_means, ["reward", "gold"]).to_csv(soup, index=False)


def by_seed(files: KeyedFiles, seeds: list[int], reward: dict[str, float]) -> list[pd.DataFrame]:
    """One table of scores per seed, with all sets of policies."""
    return [pd.concat([with_total(pd.read_csv(path), reward) for path in files[str(seed)]]) for seed in seeds]


if __name__ == "__main__":
    run(compute_claims)
