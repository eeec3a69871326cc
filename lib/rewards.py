"""Rewards that are plain functions: examples of what `function:` names in params.yaml.

A reward maps prompts and completions to one number per completion, larger is better.
"""

import re
from collections.abc import Sequence


def brevity(prompts: Sequence[str], completions: Sequence[str], words: int) -> list[float]:
    """−|length − words| / words, the length of prompt and completion in words: 0 is on target.

    The example of a reward that is a plain function.
    """
    lengths = [len((prompt + completion).split()) for prompt, completion in zip(prompts, completions)]
    return [-abs(length - words) / words for length in lengths]


def grounded(prompts: Sequence[str], completions: Sequence[str]) -> list[float]:
    """The share of a completion's words that its prompt has: 1 for what is only copied, 0 for what is only made up."""
    found = []
    for prompt, completion in zip(prompts, completions):
        known, words = set(_words(prompt)), _words(completion)
        found.append(sum(word in known for word in words) / max(1, len(words)))
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
