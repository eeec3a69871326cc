"""What policies write at about equal KL to θ_sft: for people to read before they believe a reward."""

from pathlib import Path

import pandas as pd

from lib.data.shown import shown_prompts
from lib.jobs.arguments import Output
from lib.jobs.command_line import run

PROMPTS = 4


def show_samples(
    scores: list[Path],
    snippets: Path | None,
    samples: Output,
    *,
    paths: dict[str, list[list[str]]],
    columns: list[str],
    prompt_words: int | None,
    prompts_held_out: int,
    left_out: str | None,
) -> None:
    """scores: of one seed. paths: by policy, the points from θ_sft to it, as method and mixture. columns: the
    rewards that are shown. snippets: None where prompts are starts of a robot.

    Of each path the point is shown whose mean KL is nearest to the smallest KL at which one of the paths ends. Writes a
    row per prompt and policy, for the first few held-out prompts.
    """
    table = pd.concat([pd.read_csv(path, dtype={"completion": str}) for path in scores]).fillna({"completion": ""})
    table = table.drop_duplicates(["method", "mixture", "prompt"]).set_index(["method", "mixture", "prompt"])
    kl = table["kl"].groupby(level=[0, 1]).mean()
    along = {label: [tuple(point) for point in path] for label, path in paths.items()}
    reached = min(max(kl[point] for point in path) for path in along.values())
    rows = []
    for number, prompt in enumerate(shown_prompts(snippets, prompt_words, left_out, prompts_held_out, PROMPTS)):
        for label, path in along.items():
            nearest = min(path, key=lambda point: abs(kl[point] - reached))
            row = table.loc[(*nearest, number)]
            named = {"prompt": prompt, "policy": label, "KL": kl[nearest], "completion": row["completion"]}
            rows.append(named | row[columns].to_dict())
    pd.DataFrame(rows).to_csv(samples, index=False)


if __name__ == "__main__":
    run(show_samples)
