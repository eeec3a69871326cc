"""One page on all of Scalable Ensembling: every proxy, aggregate and β."""

from pathlib import Path

import pandas as pd

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.papers.reward_ensembles.report import best_of_largest_n, on_ensembles
from lib.reporting.tables import as_table, basis, comparisons_as_table

PAGE = """# Reward ensembles (arXiv 2406.01013): all proxies, aggregates and β

{basis} {ensembles_basis}

## Proxies
{on_proxies}

{proxies}

![Calibration](figures/calibration.png)

## E-1: over-optimisation by RL
{on_training}

![Along steps](figures/training_steps.png)

![Along KL](figures/training_kl.png)

{training}

## E-2 and E-4: ensembles against one model, heads against models, more heads
Policies at the end of training, on held-out prompts: gold reward over that of θ_sft.

![Policies](figures/policies.png)

{policies}

{on_comparisons}

{comparisons}

## E-5: best of n
![Best of n](figures/best_of_n.png)

{on_best_of_n}

{best_of_n}
"""


def write_report(
    tables: list[Path],
    figures: Path,
    report: Output,
    *,
    seeds: list[int],
    prompts: int,
    resamples: int,
    best_of_prompts: int,
    held_out_pairs: int,
) -> None:
    """tables: policies, training, comparisons, best_of_n and proxies. figures: their folder, beside the report."""
    policies, training, comparisons, best_of_n, proxies = (pd.read_csv(path) for path in tables)
    report.write_text(
        PAGE.format(
            basis=basis(len(seeds), prompts, resamples),
            **on_ensembles(best_of_prompts, held_out_pairs),
            proxies=as_table(proxies),
            training=as_table(training),
            policies=as_table(policies),
            comparisons=comparisons_as_table(comparisons),
            best_of_n=as_table(best_of_largest_n(best_of_n)),
        )
    )


if __name__ == "__main__":
    run(write_report)
