"""The part of the report on SALSA."""

import pandas as pd

from lib.reporting.page import Files, Part, intervals_by, tables
from lib.reporting.tables import as_table, comparisons_as_table

TEXT = """## SALSA (arXiv 2411.01798)
The reference is α θ_sft1 + (1 − α) θ_sft2; at α = 1 it is the SFT model, what SALSA is compared with. Other α and β,
the soup as the start, and the plane of the SFT models and a policy are added by `make salsa`, in `salsa/more`.

![Training](salsa/main/figures/training.png)

KL in nats: to θ_sft1, and to the policy's own reference.

{policies}

### S-1 to S-3: higher reward, further away, preferred
The first policy minus the second, and how often the gold reward prefers the first, ties counted as half. The reward at
equal KL is the best along training up to the largest KL that both have come to; its interval is over seeds alone.

![Win rates](salsa/main/figures/win_rates.png)

{comparisons}

### S-5: what the soup of the two SFT models has over them
{soup}"""


def part(files: Files) -> Part:
    """The part, from the tables policies, comparisons and soup."""
    by_name = tables(files)
    text = TEXT.format(
        policies=as_table(by_name["policies"]),
        comparisons=comparisons_as_table(by_name["comparisons"]),
        soup=as_table(by_name["soup"]),
    )
    return Part(text, {"salsa": win_rates(by_name["comparisons"])})


def win_rates(comparisons: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The win rate and its interval for each pair and kind of prompts."""
    rates = comparisons[comparisons["comparison"] == "win rate"]
    names = rates["policy"] + " against " + rates["against"] + ", on " + rates["prompts"]
    return intervals_by("name", rates.assign(name=names))
