"""Two rewards of answers that conflict: few words, and many different ones."""

from collections.abc import Sequence


def terse(prompts: Sequence[str], completions: Sequence[str], words: int) -> list[float]:
    """−|length − words| / words of an answer, the length in words: 0 is on target."""
    return [-abs(len(completion.split()) - words) / words for completion in completions]


def rich(prompts: Sequence[str], completions: Sequence[str], words: int) -> list[float]:
    """How many different words of at least five letters an answer has that are not in the question, over `words`."""
    found = []
    for prompt, completion in zip(prompts, completions):
        known = _long_words(prompt)
        found.append(len(_long_words(completion) - known) / words)
    return found


def _long_words(text: str) -> set[str]:
    return {word for word in (part.strip(".,:;!?\"'()").lower() for part in text.split()) if len(word) >= 5}
