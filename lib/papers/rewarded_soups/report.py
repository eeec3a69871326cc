"""The part of the report on Rewarded Soups."""

import pandas as pd

from lib.papers.rewarded_soups.claims import chord_counts
from lib.papers.rewarded_soups.styles import OTHERS
from lib.reporting.page import Files, Part, intervals_by, tables
from lib.reporting.samples import samples_by_prompt
from lib.reporting.tables import as_table

TEXT = """## Rewarded Soups (arXiv 2306.04488)
![The front](rewarded_soups/figures/front.png)

KL to θ_sft in nats. Beside it: tokens and different words of a completion, and bits per byte of held-out texts, which
rise where a policy forgets.

{front}

### Samples
What soups write to the first held-out prompts; λ is the weight of the first reward.

{written}

### RS-1: linear mode connectivity
![Reward along the chord](rewarded_soups/figures/chord.png)

{chord}

### RS-2: hypervolume
From two reference points: the rewards of θ_sft, and the nadir of the experts, the worse of each reward. A front of more
points looks larger by noise alone: compare those of equal number.

{hypervolume}

### RS-2 and RS-4: for a user whose reward is a weighted sum
The best soup is chosen on half of the prompts and judged on the other half.

{preference}"""
THREE_REWARDS = """

### RS-5: three rewards
![Three rewards](rewarded_soups/figures/simplex.png)

{balance}"""

RELEASED = """

### Beside the authors' locomotion
![Both fronts, scaled](rewarded_soups/released/released.png)

Each reward is scaled: θ_sft is 0, and the expert of the reward 1. Hypervolume is above θ_sft; IGD, the distance to the
best points of all that were scored, is better where it is smaller; expected utility is over 50 preferences.

{released}"""

ALSO = """

### What else the same policies give
![Merges, extrapolated and rescaled soups, Bone Soups](rewarded_soups/figures/others.png)

Nothing more was trained. {factors}

{others}"""
CHOSEN = "The factor of rescaled soups was chosen on validation prompts, by expected utility: {factors}."


def part(files: Files) -> Part:
    """The part, from the tables front, chord, hypervolume, preference and samples; balance, factors and released
    may be there."""
    by_name = tables(files)
    front, on_chords = by_name["front"], chord_counts(by_name["chord"])
    also = front["method"].isin(OTHERS)
    text = TEXT.format(
        front=as_table(front[~front["method"].str.endswith(" path") & ~also]),
        written=samples_by_prompt(files["samples"]),
        chord="\n\n".join(on_chord(reward, counts) for reward, counts in on_chords.items()),
        hypervolume=as_table(by_name["hypervolume"]),
        preference=as_table(by_name["preference"]),
    )
    if "balance" in by_name:
        text += THREE_REWARDS.format(balance=as_table(by_name["balance"]))
    if "released" in by_name:
        text += RELEASED.format(released=as_table(by_name["released"]))
    if also.any():
        factors = CHOSEN.format(factors=chosen(by_name["factors"])) if "factors" in by_name else ""
        text += ALSO.format(factors=factors, others=as_table(front[also]))
    numbers = {
        "λ on or above the chord": {reward: counts["on or above"] for reward, counts in on_chords.items()},
        **{
            f"hypervolume {reference}": intervals_by("front", rows)
            for reference, rows in by_name["hypervolume"].groupby("measured", sort=False)
        },
    }
    return Part(text, {"rewarded soups": numbers})


def chosen(factors: pd.DataFrame) -> str:
    """The factor that each seed has."""
    rows = factors[factors["chosen"]].itertuples()
    return ", ".join(f"{row.factor:g} (seed {row.seed})" for row in rows)


def on_chord(reward: str, counts: dict[str, int]) -> str:
    """At how many λ a reward lies on or above the chord, in words."""
    return (
        f"{reward}: on or above the chord at {counts['on or above']} of {counts['weights']} λ between the experts; "
        f"the band, which holds for all of them at once, lies wholly above it at {counts['wholly above']} and wholly "
        f"below it at {counts['wholly below']}."
    )
