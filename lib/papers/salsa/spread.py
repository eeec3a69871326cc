"""How far the two SFT models are from their soup: whether a soup can be another reference than θ_sft1."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib.statistics.intervals import Floats

SPREAD = 1.0
"""Nats per completion, the mean of both models to their soup, below which S-1 to S-4 are not tested: the KL to the soup
and to θ_sft1 are then so alike that the penalty, and with it the policy, is nearly the same. Of a pair .5 nats apart it
differed by 1e-4 of reward in the mean.
"""
BOTH, SOUP = "θ_sft1 and θ_sft2", "their soup"


def spread_table(to_soup: Sequence[Floats], between: Floats) -> pd.DataFrame:
    """Mean KL over prompts with its standard error, columns `model`, `to`, `kl` and `error`.

    to_soup: the KL of θ_sft1, and of θ_sft2, to their soup, by prompt. between: that of θ_sft2 to θ_sft1.
    """
    first, second = to_soup
    found = {
        (BOTH, SOUP): (first + second) / 2,
        ("θ_sft1", SOUP): first,
        ("θ_sft2", SOUP): second,
        ("θ_sft2", "θ_sft1"): between,
    }
    return pd.DataFrame(
        {"model": model, "to": to, "kl": kl.mean(), "error": kl.std(ddof=1) / np.sqrt(len(kl))}
        for (model, to), kl in found.items()
    )


def spread_of(table: pd.DataFrame) -> float:
    """The mean KL of both models to their soup."""
    return float(table.loc[table["model"] == BOTH, "kl"].mean())


def too_near(spread: float) -> str | None:
    """Why S-1 to S-4 cannot be tested with a pair so far from its soup, or None where they can."""
    if spread >= SPREAD:
        return None
    return (
        f"θ_sft1 and θ_sft2 are {spread:.2g} nats from their soup; with less than {SPREAD:g} nat the soup is nearly the"
        " same reference as θ_sft1"
    )
