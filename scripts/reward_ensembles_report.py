"""One page on all that was run of Scalable Ensembling: every proxy, aggregate and β."""

from pathlib import Path

import pandas as pd

from scripts.command_line import Output, run
from scripts.tables import as_table, basis, best_of_largest_n, comparisons_as_table

PAGE = """# Reward ensembles (arXiv 2406.01013): all proxies, aggregates and β

{basis} What is compared along training, and proxies, have intervals over seeds alone. A seed has proxies of its own.

## Proxies
Agreement (Spearman) with held-out human ratings, accuracy on held-out pairs by the gold reward, expected calibration
error on held-out labels, of which as many are wrong as of those learned from, and how the members' margins correlate.

{proxies}

![Calibration](figures/calibration.png)

## E-1: over-optimisation by RL
From the step where gold is best (for each seed where it is best for the others) to the end of training: `after`.

![Along steps](figures/training_steps.png)

![Along KL](figures/training_kl.png)

{training}

## E-2 and E-4: ensembles against one model, heads against models, more heads
Policies at the end of training, on held-out prompts: gold reward over that of θ_sft.

![Policies](figures/policies.png)

{policies}

The first minus the second. At equal KL it is the mean over KL, along training, up to the largest that both have come
to.

{comparisons}

## E-5: best of n
![Best of n](figures/best_of_n.png)

Over one sample, at the largest n:

{best_of_n}
"""


def write_report(
    tables: list[Path], figures: Path, report: Output, *, seeds: list[int], prompts: int, resamples: int
) -> None:
    """tables: policies, training, comparisons, best_of_n and proxies. figures: beside the report."""
    policies, training, comparisons, best_of_n, proxies = (pd.read_csv(path) for path in tables)
    report.write_text(
        PAGE.format(
            basis=basis(len(seeds), prompts, resamples),
            proxies=as_table(proxies),
            training=as_table(training),
            policies=as_table(policies),
            comparisons=comparisons_as_table(comparisons),
            best_of_n=as_table(best_of_largest_n(best_of_n)),
        )
    )


if __name__ == "__main__":
    run(write_report)
