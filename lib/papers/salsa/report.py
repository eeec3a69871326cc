"""The part of the report on SALSA."""

import pandas as pd

from lib.papers.salsa.spread import SPREAD, spread_of, too_near
from lib.reporting.page import Files, Part, intervals_by, tables
from lib.reporting.tables import as_table, comparisons_as_table

TEXT = """## SALSA (arXiv 2411.01798)
The reference is α θ_sft1 + (1 − α) θ_sft2; at α = 1 it is the SFT model, what SALSA is compared with. Other α and β,
the soup as the start, and the plane of the SFT models and a policy are added by `make salsa`, in `salsa/more`.

### How far the SFT pair is from its soup
{near} In nats per completion, with the standard error over prompts of the validation split:

{spread}

### Policies
![Training](salsa/main/figures/training.png)

KL in nats: to θ_sft1, and to the policy's own reference. Beside it: tokens and different words of a completion, and
bits per byte of held-out texts, which rise where a policy forgets.

{policies}

### S-1 to S-3: higher reward, further away, preferred
The first policy minus the second, and how often the gold reward prefers the first, ties counted as half. The reward at
equal KL is compared on the paths from θ_sft1 to both policies, on held-out prompts. Intervals are t-intervals over
seeds, with the spread of the prompts where it counts; with one seed, over the prompts alone.

![Win rates](salsa/main/figures/win_rates.png)

{comparisons}

### S-5: what the soup of the two SFT models has over each
It is one pair: intervals are over what it writes, and say nothing about another pair.

{soup}"""


def part(files: Files) -> Part:
    """The part, from the tables policies, comparisons, soup and spread."""
    by_name = tables(files)
    near = too_near(spread_of(by_name["spread"]))
    enough = f"The pair is {SPREAD:g} nat or more from its soup, so S-1 to S-4 are tested."
    text = TEXT.format(
        near=enough if near is None else f"S-1 to S-4 are not tested: {near}.",
        spread=as_table(by_name["spread"]),
        policies=as_table(by_name["policies"]),
        comparisons=comparisons_as_table(by_name["comparisons"]),
        soup=as_table(by_name["soup"]),
    )
    numbers = {"nats from the SFT pair to its soup": spread_of(by_name["spread"])} | win_rates(by_name["comparisons"])
    return Part(text, {"salsa": numbers})


def win_rates(comparisons: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The win rate and its interval for each pair and kind of prompts."""
    rates = comparisons[comparisons["comparison"] == "win rate"]
    names = rates["policy"] + " against " + rates["against"] + ", on " + rates["prompts"]
    return intervals_by("name", rates.assign(name=names))
