"""Call a reward that is a Python function on a few texts, so that a mistake in it is told before any training.

The last text has an empty completion, because policies write some.
"""

from pathlib import Path

from lib.data.chat import conversations
from lib.data.prompts import prompts
from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.reward_models.loading import load

TEXTS = 3


def check_reward(
    snippets: Path, checked: Output, *, name: str, reward: dict, prompt_words: int | None, left_out: str | None
) -> None:
    """name: of the reward. reward: its source."""
    table = prompts(snippets, "train", prompt_words, left_out).head(TEXTS)
    completions = [*table["completion"][:-1], ""][: len(table)]
    values = load(name, reward, conversations=conversations(snippets))(list(table["prompt"]), completions)
    checked.write_text(f"{name} returned a number for each of {len(values)} completions\n")


if __name__ == "__main__":
    run(check_reward)
