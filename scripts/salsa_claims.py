"""What of SALSA holds here: policies compared pair by pair (S-1 to S-4), the soup of the SFT models (S-5)."""

from pathlib import Path

import pandas as pd

from lib.data.snippets import FILES
from lib.jobs.command_line import Output, run
from lib.papers.salsa.claims import comparison_table, soup_table
from lib.papers.salsa.names import Variant, variants_of
from lib.statistics.along_training import grouped, read_trajectory, with_total
from lib.statistics.means import Means, front_table


def compute_claims(
    within: list[Path],
    beyond: list[Path],
    trainings: list[Path],
    sft: list[Path],
    policies: Output,
    comparisons: Output,
    soup: Output,
    *,
    pairs: list[list],
    reward: dict[str, float],
    left_out: str | None,
    resamples: int,
) -> None:
    """within, beyond: scores on prompts of the domains of training and of the one left out; of each set of policies a
    file per seed. trainings: histories, the seeds of one policy after those of another, as they come in the pairs.
    """
    seeds = len(sft)
    compared = [(Variant(*first), Variant(*second)) for first, second in pairs]
    variants = variants_of(compared)
    seen = ", ".join(domain for domain in FILES if domain != left_out) if left_out in FILES else "all other prompts"
    scores = {seen: by_seed(within, seeds, reward)}
    if left_out is not None:
        scores[left_out] = by_seed(beyond, seeds, reward)
    paths = grouped([read_trajectory(path, reward) for path in trainings], len(variants))
    columns = ["reward", "gold", "kl", "kl_to_anchor"]
    tables = [
        front_table(Means.of(of_domains, columns, resamples)).assign(prompts=domains)
        for domains, of_domains in scores.items()
    ]
    pd.concat(tables).drop(columns="method").to_csv(policies, index=False)
    comparison_table(scores, dict(zip(variants, paths)), compared, resamples).to_csv(comparisons, index=False)
    of_sft = Means.of(by_seed(sft, seeds, reward), ["reward", "gold"], resamples)
    soup_table(of_sft, ["reward", "gold"]).to_csv(soup, index=False)


def by_seed(paths: list[Path], seeds: int, reward: dict[str, float]) -> list[pd.DataFrame]:
    """One table per seed, from files of several sets of policies."""
    tables = [with_total(pd.read_csv(path), reward) for path in paths]
    return [pd.concat(tables[seed::seeds]) for seed in range(seeds)]


if __name__ == "__main__":
    run(compute_claims)
