"""Call every reward that is a Python function on a few texts, so that a mistake in one is told before any training.

The last text has an empty completion, because policies write some.
"""

from pathlib import Path

from lib.data.prompts import prompts
from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.reward_models.loading import load

TEXTS = 3


def check_rewards(
    snippets: Path, checked: Output, *, functions: dict[str, dict], prompt_words: int | None, left_out: str | None
) -> None:
    """functions: sources of rewards, by name. checked: says that all is well, in the same words for all rewards."""
    table = prompts(snippets, "train", prompt_words, left_out).head(TEXTS)
    completions = [*table["completion"][:-1], ""][: len(table)]
    for name, source in functions.items():
        print(f"{name}: {load(name, source)(list(table['prompt']), completions)}")
    checked.write_text("every reward that is a function returned a finite number for each completion\n")


if __name__ == "__main__":
    run(check_rewards)
