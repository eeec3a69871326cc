"""One page on all of SALSA: several α and β, the soup as the start, and the plane."""

from pathlib import Path

import pandas as pd

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.papers.claims import claims_table
from lib.papers.evidence import Evidence
from lib.papers.salsa.claims import CLAIMS, tables
from lib.papers.salsa.spread import SPREAD
from lib.reporting.claims import comparisons as claims_as_table
from lib.reporting.tables import as_table, basis, comparisons_as_table

PAGE = """# SALSA (arXiv 2411.01798): all pairs

{basis} There are as many prompts of each kind.

![Training](figures/training.png)

## How far the SFT pair is from its soup
In nats per completion, with the standard error over prompts of the validation split. S-1 to S-4 are tested where θ_sft1
and θ_sft2 are {least:g} nat or more from their soup, in the mean of both.

{spread}

## Claims
{claims}

## Policies
KL in nats: to θ_sft1, and to the policy's own reference. Beside it: tokens and different words of a completion, and
bits per byte of held-out texts.

{policies}

## S-1 to S-4: pair by pair
The first policy minus the second; a win rate is how often the gold reward prefers the first, ties counted as half. The
reward at equal KL is compared on the paths from θ_sft1 to both policies.

![Win rates](figures/win_rates.png)

{alphas}

{comparisons}

## S-5: where the soup lies
What the soup of the two SFT models has over each. It is one pair: intervals are over what it writes.

{soup}

![Along the segment](plane/segment.png)

Above the chord between the two, by α of θ_sft1, with a band that holds for all α and both rewards at once:

{segment}

![The plane](plane/plane.png)
"""


def write_report(evidence: Path, figures: Path, plane: Path, report: Output) -> None:
    found = Evidence.read(evidence)
    made = tables(found)
    report.write_text(
        PAGE.format(
            basis=basis(len(found.seeds), found.scores["within"].prompts),
            least=SPREAD,
            spread=as_table(made["spread"]),
            claims=claims_as_table(claims_table({"salsa": CLAIMS}, {"salsa": found})),
            alphas="![Over α](figures/alphas.png)" if (figures / "alphas.png").exists() else "",
            policies=as_table(made["policies"]),
            comparisons=comparisons_as_table(made["comparisons"]),
            soup=as_table(made["soup"]),
            segment=as_table(pd.read_csv(plane / "segment.csv")),
        )
    )


if __name__ == "__main__":
    run(write_report)
