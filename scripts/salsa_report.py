"""One page on all of SALSA: several α and β, the soup as the start, and the plane."""

from pathlib import Path

import pandas as pd

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.reporting.tables import as_table, basis, comparisons_as_table

PAGE = """# SALSA (arXiv 2411.01798): all pairs

{basis} There are as many of each kind. The interval of the best reward at equal KL, along training, is over seeds
alone.

![Training](figures/training.png)

## Policies
KL in nats: to θ_sft1, and to the policy's own reference.

{policies}

## S-1 to S-4: pair by pair
The first policy minus the second; a win rate is how often the gold reward prefers the first, ties counted as half.

![Win rates](figures/win_rates.png)

{alphas}

{comparisons}

## S-5: where the soup lies
What the soup of the two SFT models has over them:

{soup}

![Along the segment](plane/segment.png)

Above the chord between the two, by α of θ_sft1:

{segment}

![The plane](plane/plane.png)
"""


def write_report(
    tables: list[Path],
    figures: Path,
    plane: Path,
    report: Output,
    *,
    seeds: list[int],
    prompts: int,
    resamples: int,
) -> None:
    """tables: policies, comparisons and soup."""
    policies, comparisons, soup = (pd.read_csv(path) for path in tables)
    report.write_text(
        PAGE.format(
            basis=basis(len(seeds), prompts, resamples),
            alphas="![Over α](figures/alphas.png)" if (figures / "alphas.png").exists() else "",
            policies=as_table(policies),
            comparisons=comparisons_as_table(comparisons),
            soup=as_table(soup),
            segment=as_table(pd.read_csv(plane / "segment.csv")),
        )
    )


if __name__ == "__main__":
    run(write_report)
