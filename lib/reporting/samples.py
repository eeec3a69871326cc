"""Completions of the same prompts by several policies, as tables to read."""

from pathlib import Path

import pandas as pd


def samples_by_prompt(path: Path) -> str:
    """For each prompt a table with a row per policy. path: a CSV file with `prompt`, `completion` and other columns."""
    table = pd.read_csv(path, dtype={"completion": str}).fillna({"completion": ""})
    table["completion"] = [one_line(text) for text in table["completion"]]
    parts = [
        f"**{prompt}** …\n\n{rows.drop(columns='prompt').to_markdown(index=False, floatfmt='.2f')}"
        for prompt, rows in table.groupby("prompt", sort=False)
    ]
    return "\n\n".join(parts)


def one_line(text: str) -> str:
    """A text that fits into a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")
