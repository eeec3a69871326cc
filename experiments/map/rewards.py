"""A second proxy of positive sentiment, beside the reward model that learns from human ratings: a list of words."""

from collections.abc import Sequence

GOOD = """amazing awesome beautiful best better enjoy excellent excited fun funny glad good great happy hope interesting
    love loved nice perfect smile strong success thank thanks well win wonderful :) :d =)"""
BAD = """angry awful bad boring crisis dead death fail fear hate horrible hurt kill lost miss never no not pain poor
    problem sad sick sorry stupid terrible ugly violence waste war worse worst wrong :("""


def warmth(prompts: Sequence[str], completions: Sequence[str]) -> list[float]:
    """Good words of a completion less its bad ones, by the root of all its words; 0 for an empty one."""
    found, good, bad = [], set(GOOD.split()), set(BAD.split())
    for completion in completions:
        words = [word if word.startswith((":", "=")) else word.strip(".,;!?\"'") for word in completion.lower().split()]
        balance = sum(word in good for word in words) - sum(word in bad for word in words)
        found.append(balance / max(1, len(words)) ** 0.5)
    return found
