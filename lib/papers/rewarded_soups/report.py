"""The part of the report on Rewarded Soups."""

import pandas as pd

from lib.papers.rewarded_soups.claims import chord_counts
from lib.reporting.page import Files, Part, intervals_by, tables
from lib.reporting.tables import as_table

TEXT = """## Rewarded Soups (arXiv 2306.04488)
![The front](rewarded_soups/figures/front.png)

KL to θ_sft in nats by the estimator `{estimator}`.

{front}

### Samples
What soups write to the first held-out prompts; λ is the weight of the first reward.

{written}

### RS-1: linear mode connectivity
![Reward along the chord](rewarded_soups/figures/chord.png)

{chord}

### RS-2: hypervolume above θ_sft
A front of more points looks larger by noise alone: compare those of equal number.

{hypervolume}

### RS-4: for a user whose reward is a weighted sum
{preference}"""
THREE_REWARDS = """

### RS-5: three rewards
![Three rewards](rewarded_soups/figures/simplex.png)

{balance}"""


def part(files: Files) -> Part:
    """The part, from the tables front, chord, hypervolume, preference and samples, and balance with three rewards."""
    by_name = tables(files)
    front, on_chords = by_name["front"], chord_counts(by_name["chord"])
    samples = pd.read_csv(files["samples"], dtype={"completion": str})
    text = TEXT.format(
        estimator=front["kl_estimator"].iloc[0],
        front=as_table(front.drop(columns="kl_estimator")),
        written=samples_by_prompt(samples),
        chord="\n\n".join(on_chord(reward, counts) for reward, counts in on_chords.items()),
        hypervolume=as_table(by_name["hypervolume"]),
        preference=as_table(by_name["preference"]),
    )
    if "balance" in by_name:
        text += THREE_REWARDS.format(balance=as_table(by_name["balance"]))
    numbers = {
        "λ on or above the chord": {reward: counts["on or above"] for reward, counts in on_chords.items()},
        "hypervolume": intervals_by("front", by_name["hypervolume"]),
    }
    return Part(text, {"rewarded soups": numbers})


def samples_by_prompt(samples: pd.DataFrame) -> str:
    """For each prompt a table with a row per λ."""
    parts = []
    for prompt, rows in samples.groupby("prompt", sort=False):
        texts = rows["completion"].fillna("").map(lambda text: " ".join(text.split()).replace("|", "\\|"))
        shown = rows.drop(columns=["prompt", "weight"]).assign(completion=texts)
        shown.insert(0, "λ", rows["weight"])
        parts.append(f"**{prompt}** …\n\n{shown.to_markdown(index=False, floatfmt=('g', '', '.2f', '.2f'))}\n")
    return "\n".join(parts)


def on_chord(reward: str, counts: dict[str, int]) -> str:
    """At how many λ a reward lies on or above the chord, in words."""
    return (
        f"{reward}: on or above the chord at {counts['on or above']} of {counts['weights']} λ between the experts; "
        f"the interval lies wholly above it at {counts['wholly above']} and wholly below it at "
        f"{counts['wholly below']}."
    )
