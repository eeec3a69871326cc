"""The part of the report on rewards that learned from people's preferences."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from lib.reporting.page import Files, Part

TEXT = """## Rewards from preferences
People preferred one of two answers. How often does a reward agree with them on pairs that it has not learned from?
Guessing is right in 50 % of them. Ties are left out; intervals are 95 % intervals (Wilson), in which pairs with the
same prompt count for less where they are alike.

{accuracy}

{reading}

How sure may one be of a reward? Its outputs give a probability that people prefer the answer that it prefers. Where it
says 75 %, people should agree in 75 % of the pairs. Held-out pairs by that probability, in groups of equal size; the
calibration error is the mean distance between the two columns.

{reliability}"""
COUNTS = {
    "equal texts": "with two equal texts",
    "conversations that differ before the answer": "with conversations that differ before the answer",
    "duplicates": "found twice",
}


def part(files: Files) -> Part:
    """From the findings on each reward, by its name."""
    findings = {name: json.loads(path.read_text()) for name, path in files.items()}
    accuracy = pd.DataFrame([accuracy_row(name, found) for name, found in findings.items()])
    bins = pd.DataFrame([row for name, found in findings.items() for row in reliability_rows(name, found)])
    text = TEXT.format(
        accuracy=accuracy.to_markdown(index=False),
        reading="\n".join(read(name, found) for name, found in findings.items()),
        reliability=bins.to_markdown(index=False),
    )
    numbers = {name: found["accuracy"] for name, found in findings.items()}
    return Part(text, {"accuracy on held-out preferences": numbers})


def accuracy_row(name: str, found: Mapping[str, Any]) -> dict[str, str]:
    """How often a reward and its members agree with people."""
    members = found["accuracy of members"]
    return {
        "reward": name,
        "made of": found["members"],
        "agrees with people": percent(found["accuracy"]),
        "its members": ", ".join(f"{member['value']:.0%}" for member in members) if len(members) > 1 else "",
        "held-out pairs": f"{found['held-out pairs']} (from {found['held-out prompts']} prompts)",
        "calibration error": f"{found['calibration error']:.1%}",
        "so": verdict(found["accuracy"]),
    }


def verdict(accuracy: Mapping[str, float]) -> str:
    """What the interval of an accuracy says."""
    if accuracy["high"] < 0.5:
        return "it prefers the other answer: are chosen and rejected swapped?"
    return "it tells pairs apart" if accuracy["low"] > 0.5 else "it has not learned to tell them apart"


def read(name: str, found: Mapping[str, Any]) -> str:
    """What was read, learned from and left out, as an item of a list."""
    pairs = found["pairs"]
    out = [f"{pairs[reason]:,} {words}" for reason, words in COUNTS.items() if pairs[reason]]
    out += [f"{found['too long']:,} longer than the model's context"] if found["too long"] else []
    return (
        f"- `{name}`: {pairs['found']:,} pairs were read; {pairs['train']:,} are to learn from, {pairs['validation']:,}"
        f" are held out, {pairs['test']:,} have prompts of the test split, which are left alone; ties among them:"
        f" {pairs['ties']:,}. Left out: {', '.join(out) or 'none'}."
    )


def reliability_rows(name: str, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each group of held-out pairs."""
    return [
        {
            "reward": name,
            "it says": f"{row['predicted']:.0%}",
            "people agree": percent({"value": row["observed"], **row}),
            "pairs": row["pairs"],
        }
        for row in found["reliability"]
    ]


def percent(found: Mapping[str, float]) -> str:
    """A share with its interval, in percent."""
    return f"{found['value']:.0%} ({found['low']:.0%} to {found['high']:.0%})"
