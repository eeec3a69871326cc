"""One page on all of Scalable Ensembling: every proxy, aggregate and β."""

from pathlib import Path

import pandas as pd

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.papers.claims import claims_table
from lib.papers.evidence import Evidence
from lib.papers.reward_ensembles.claims import CLAIMS
from lib.papers.reward_ensembles.report import sentences, shown
from lib.reporting.claims import comparisons, verdicts
from lib.reporting.tables import basis

PAGE = """# Reward ensembles (arXiv 2406.01013): all proxies, aggregates and β

{basis} {ensembles_basis}

## Claims
By the rules of [claims.md](../../claims.md), on the policies of this page, which has more of them:

{verdicts}

{judged}

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
![Policies](figures/policies.png)

{on_policies}

{policies}

{on_comparisons}

{comparisons}

## E-5: best of n
![Best of n](figures/best_of_n.png)

{on_best_of_n}

{best_of_n}
"""


def write_report(evidence: Path, tables: list[Path], figures: Path, report: Output) -> None:
    """tables: policies, training, comparisons, best_of_n and proxies. figures: their folder, beside the report."""
    found = Evidence.read(evidence)
    claims = claims_table({"reward_ensembles": CLAIMS}, {"reward_ensembles": found})
    report.write_text(
        PAGE.format(
            basis=basis(len(found.seeds), found.scores["held out"].prompts),
            verdicts=verdicts(claims),
            judged=comparisons(claims),
            **sentences(found),
            **shown({path.stem: pd.read_csv(path) for path in tables}),
        )
    )


if __name__ == "__main__":
    run(write_report)
