"""Parts of README and docs/ that are written from recorded experiments."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lib.reporting.claims import comparisons, explained, verdict_of

BEGIN, END = "<!-- written by `make docs` -->", "<!-- end of what `make docs` writes -->"


def between_marks(document: str, text: str) -> str:
    """The document with the text in the place that is marked for it. Raises ValueError where no place is marked."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"there is no place for a table between {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def short_table(table: pd.DataFrame, page: str) -> str:
    """A row for each claim, linked to its section of a page: what the paper says, and the verdict.

    table: `lib.papers.claims.claims_table`.
    """
    rows = [
        {
            "claim": f"[{row['claim']}]({page}#{str(row['paper']).replace('_', '-')})",
            "the paper says": row["says"],
            "here": explained(row),
        }
        for row in table[table["primary"]].to_dict("records")
    ]
    return as_markdown(rows)


def section(title: str, about: str, figure: str, rows: pd.DataFrame, notes: str = "") -> str:
    """A paper's section: where the numbers come from, a figure, the verdicts, and all comparisons."""
    verdicts = as_markdown([verdict_of(row) for row in rows[rows["primary"]].to_dict("records")])
    parts = [f"## {title}", f"*{about}*", figure, verdicts, "What was compared:", comparisons(rows), notes]
    return "\n\n".join(part for part in parts if part)


def link_to(title: str) -> str:
    """A link to a section of the same page, as GitHub names its heading."""
    anchor = "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -").replace(" ", "-")
    return f"[{title}](#{anchor})"


def provenance(experiment: str, parts: Mapping[str, Mapping[str, Any]], again: str) -> str:
    """Which experiment, seeds, commits and machines numbers come from, and how to run it again."""
    found = [f"{listed(part['seeds'])} at commit {part['commit'][:7]} on {part['machine']}" for part in parts.values()]
    return f"Experiment `{experiment}`: {'; '.join(found)}. Run again: {again}."


def listed(seeds: Sequence[int]) -> str:
    """Seeds in words: a range where they follow one another."""
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def coverage_table(table: pd.DataFrame) -> str:
    """The share of intervals that contain the true value, of all cases: the lowest and the highest."""
    grouped = table.groupby(["kind", "seeds"], sort=False)["share"].agg(["min", "max"]).reset_index()
    grouped["shown"] = [f"{low:.0%} to {high:.0%}" for low, high in zip(grouped["min"], grouped["max"])]
    wide = grouped.pivot(index="kind", columns="seeds", values="shown").reindex(grouped["kind"].unique())
    return as_markdown(
        [{"kind": kind} | {f"{seeds} seeds": row[seeds] for seeds in wide} for kind, row in wide.iterrows()]
    )


def as_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """A table in Markdown, without padding: the documents are read as pages."""
    names = list(rows[0])
    lines = [names, ["---"] * len(names), *([str(row[name]) for name in names] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
