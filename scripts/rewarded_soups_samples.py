"""Completions of the same prompts by soups between two experts, with their rewards: for people to read."""

from pathlib import Path

import pandas as pd

from lib.data.shown import shown_prompts
from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.reward_models.mixtures import between
from lib.statistics.scores import NAME

PROMPTS = 4
SOUPS = 5  # their λ are spread as evenly as those of the experiment allow


def show_samples(
    scores: list[Path],
    sft: Path,
    snippets: Path | None,
    samples: Output,
    of_points: Output,
    *,
    rewards: list[str],
    weights: list[float],
    prompt_words: int | None,
    prompts_held_out: int,
    left_out: str | None,
) -> None:
    """scores, sft: of one seed, those of the soups first. snippets: None where prompts are starts of a robot. Writes a
    row per prompt and λ of the first reward, for the first few held-out prompts; of_points: the same prompts and every
    point, without rewards.
    """
    table, *others = (
        pd.read_csv(path, dtype={"completion": str}).fillna({"completion": ""}) for path in (*scores, sft)
    )
    asked = shown_prompts(snippets, prompt_words, left_out, prompts_held_out, PROMPTS)
    soups = table[table["method"] == "soup"].set_index(["prompt", "mixture"])
    rows = []
    for number, prompt in enumerate(asked):
        for weight, mixture in zip(shown := spread(sorted(weights)), between(rewards, shown)):
            row = soups.loc[(number, mixture)]
            rows.append({"prompt": prompt, "λ": weight, "completion": row["completion"]} | row[rewards].to_dict())
    pd.DataFrame(rows).to_csv(samples, index=False)
    every = pd.concat([table[~table["method"].str.endswith(" path")], *others])
    first = every[every["prompt"] < PROMPTS].replace({"prompt": dict(enumerate(asked))})
    frames = ["frames"] if "frames" in first else []  # of a robot, how it moves
    first[["prompt", *NAME, "completion", *frames]].to_csv(of_points, index=False)


def spread(weights: list[float]) -> list[float]:
    """Up to SOUPS of the weights, evenly spread, both ends included."""
    count = min(SOUPS, len(weights))
    return [weights[round(i * (len(weights) - 1) / (count - 1))] for i in range(count)]


if __name__ == "__main__":
    run(show_samples)
