"""The part of the report on Rewarded Soups."""

from lib.papers.rewarded_soups.claims import chord_counts
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


def part(files: Files) -> Part:
    """The part, from the tables front, chord, hypervolume, preference and samples, and balance with three rewards."""
    by_name = tables(files)
    front, on_chords = by_name["front"], chord_counts(by_name["chord"])
    text = TEXT.format(
        front=as_table(front[~front["method"].str.endswith(" path")]),
        written=samples_by_prompt(files["samples"]),
        chord="\n\n".join(on_chord(reward, counts) for reward, counts in on_chords.items()),
        hypervolume=as_table(by_name["hypervolume"]),
        preference=as_table(by_name["preference"]),
    )
    if "balance" in by_name:
        text += THREE_REWARDS.format(balance=as_table(by_name["balance"]))
    numbers = {
        "λ on or above the chord": {reward: counts["on or above"] for reward, counts in on_chords.items()},
        **{
            f"hypervolume {reference}": intervals_by("front", rows)
            for reference, rows in by_name["hypervolume"].groupby("measured", sort=False)
        },
    }
    return Part(text, {"rewarded soups": numbers})


def on_chord(reward: str, counts: dict[str, int]) -> str:
    """At how many λ a reward lies on or above the chord, in words."""
    return (
        f"{reward}: on or above the chord at {counts['on or above']} of {counts['weights']} λ between the experts; "
        f"the band, which holds for all of them at once, lies wholly above it at {counts['wholly above']} and wholly "
        f"below it at {counts['wholly below']}."
    )
