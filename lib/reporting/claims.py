"""The verdicts on the claims, as a page."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

HEAD = """# Claims

{basis}

A verdict is given on the primary comparison of a claim, which was written down before the run. *Holds*: the 95 %
interval lies on the claimed side, and p, by exact sign flips over seeds and a t-test, adjusted by Holm over the
paper's claims, is below .05; it may hold by less than matters. A claim of "at least as much" allows the margin: its
interval has to lie above minus the margin, and p is against that. *Contradicted*: the same on the other side. *No
difference that matters*: the interval lies within ± the margin. *Undecided*: none of these; the difference that these
seeds would have shown with a chance of 80 % stands beside it. Of several numbers, such as one for each λ, the one is
shown that is least for the claim, with an interval that holds for all of them at once. With three seeds or fewer there
is no verdict.
"""


def page_of(table: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """Markdown: the verdicts, then all comparisons of each paper.

    table: `lib.papers.claims.claims_table`. titles: by paper.
    """
    parts = [HEAD.format(basis=basis_of(table)), verdicts(table)]
    for paper, rows in table.groupby("paper", sort=False):
        parts.append(f"## {titles[str(paper)]}\n\n{comparisons(rows)}")
    return "\n\n".join(parts) + "\n"


def basis_of(table: pd.DataFrame) -> str:
    """How many seeds there are, and what they share."""
    seeds = f"Seeds of reinforcement learning: {table['seeds'].max():.0f}, each with policies of its own."
    return f"{seeds} They share base model, SFT models, rewards and gold: intervals say nothing of others."


def verdicts(table: pd.DataFrame) -> str:
    """A row for each claim: what the paper says, the verdict, and what was measured."""
    return pd.DataFrame(
        verdict_of(row) | {"measured (95 % interval)": "" if math.isnan(row["estimate"]) else estimate_of(row)}
        for row in table[table["primary"]].to_dict("records")
    ).to_markdown(index=False)


def verdict_of(row: Mapping[str, Any]) -> dict[str, str]:
    """What is said of one claim."""
    says = f"{row['says']} ({row['section']})"
    return {"claim": row["claim"], "the paper says": says, "here": explained(row)}


def comparisons(rows: pd.DataFrame) -> str:
    """A row for each comparison, with its numbers."""
    return pd.DataFrame(
        {
            "claim": row["claim"],
            "compared": row["compares"] + (f" ({row['unit']})" if row["unit"] != "reward" else ""),
            "estimate (95 % interval)": estimate_of(row),
            "p (Holm)": p_of(row),
            "margin": "" if math.isnan(row["estimate"]) else f"{row['margin']:g}",
            "verdict": row["verdict"],
            "the paper's own": "" if pd.isna(row["theirs"]) else row["theirs"],
        }
        for row in rows.fillna({"verdict": ""}).to_dict("records")
    ).to_markdown(index=False)


def estimate_of(row: Mapping[str, Any]) -> str:
    """The estimate with its interval, and what it is of."""
    if math.isnan(row["estimate"]):
        return str(row["reason"]) if isinstance(row["reason"], str) else ""
    ends = "" if math.isnan(row["low"]) else f" ({signed(row['low'])} to {signed(row['high'])})"
    return f"{signed(row['estimate'])}{ends}, {row['at']}"


def p_of(row: Mapping[str, Any]) -> str:
    """p, and p adjusted by Holm where there is a verdict."""
    if math.isnan(row["p"]):
        return ""
    return f"{row['p']:.3f}" + ("" if math.isnan(row["p_holm"]) else f" ({row['p_holm']:.3f})")


def signed(value: float) -> str:
    """A number with its sign and three significant digits at most."""
    return f"{value:+.3f}" if abs(value) < 10 else f"{value:+.1f}"


def explained(row: Mapping[str, Any]) -> str:
    """The verdict in a sentence: by how little a claim holds, or why it is undecided and what would decide it."""
    unit = "" if row["unit"] == "reward" else f" {row['unit']}"
    match row["verdict"]:
        case "not testable here":
            return f"not testable here: {row['reason']}"
        case "no verdict: too few seeds":
            return str(row["verdict"])
        case "holds" if row["kind"] == "at least as much" and row["high"] < 0:
            found = f"holds by the margin alone: it is less, by less than {row['margin']:g}{unit}"
        case "undecided":
            found = f"undecided: {undecided(row, unit)}"
        case verdict:
            found = str(verdict)
    return found + (f", for {row['scope']}" if row["scope"] else "")


def undecided(row: Mapping[str, Any], unit: str) -> str:
    """Why a claim is undecided."""
    margin = row["margin"]
    bounds = {"more": [0.0], "at least as much": [-margin], "as good as 0": [-margin, margin]}[row["kind"]]
    if not any(row["low"] <= bound <= row["high"] for bound in bounds):
        return f"the interval lies on one side, but p is {row['p_holm']:.2g} among the paper's claims"
    if math.isinf(row["detectable"]):
        shown = "so few seeds could not have shown any difference, as p cannot be below .05"
    else:
        shown = f"these seeds would have shown a difference of {row['detectable']:.2g}{unit}"
    if row["kind"] != "more":
        return f"the interval reaches across the margin of {margin:g}{unit}; {shown}"
    needed = row["seeds_needed"]
    if needed <= row["seeds"]:
        return shown
    return f"{shown}; {margin:g} takes {'more prompts' if math.isinf(needed) else f'{needed:.0f} seeds'}"
