"""Names of pairs of rewards: in paths, in words, and of their scores in the evidence."""

from collections.abc import Sequence

MOMENTS = ["x", "y", "xx", "yy", "xy"]
"""Columns of the scores "moments": two rewards of θ_sft's completions, each with mean 0 and standard deviation 1 on the
completions of a seed, with their squares and their product."""


def folder_name(pair: Sequence[str]) -> str:
    """Of a pair in paths: `positivity-editorial`."""
    return "-".join(pair)


def in_words(pair: Sequence[str]) -> str:
    """Of a pair in tables and figures: `positivity and editorial`."""
    return " and ".join(pair)


def scores_name(number: int) -> str:
    """Of the scores of a pair in the evidence. number: its place in `compatibility.pairs`, from 0."""
    return f"pair {number + 1}"
