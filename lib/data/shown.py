"""The prompts that samples are shown of."""

from pathlib import Path

from lib.data.prompts import prompts, some_prompts


def shown_prompts(
    snippets: Path | None, prompt_words: int | None, left_out: str | None, held_out: int, first: int
) -> list[str]:
    """The first of the held-out prompts that policies are scored on, by their numbers in tables of scores.

    snippets: None where a prompt is a start of a robot. held_out: `evaluation.prompts`.
    """
    if snippets is None:
        return [f"start {number}" for number in range(min(first, held_out))]
    chosen, _ = some_prompts(prompts(snippets, "test", prompt_words, left_out), held_out, "evaluation.prompts")
    return chosen[:first]
