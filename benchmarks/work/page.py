"""The page that `benchmarks.roofline` writes."""

from collections.abc import Mapping, Sequence

import pandas as pd

PAGE = """# Share of the machine's rate: {name}

Written by `python -m benchmarks.roofline`: {dtype}, threads: {threads}, medians of {rounds} rounds in turns.

## The machine

Products of two squares, and of some rows with the matrices of an MLP of θ_pre and of its logits:

{rates}

## Work

A step of a training is a batch, one of scoring or sampling all of it. Operations are those of matrix products and
attention, as PyTorch counts them; less of them for the same result is better. The rate is that of two matrices of
{square} × {square}, measured beside each work.

{works}

## Where the time of this project goes

Shares of a step under PyTorch's profiler. Attention that is computed by matrix products and a softmax counts as these.

{profiles}
"""


def in_figures(operations: float, seconds: float, rate: float) -> dict[str, str]:
    """Columns of the table, of a step. rate: operations a second of squares."""
    return {
        "GFLOP a step": f"{operations / 1e9:.3g}",
        "seconds": f"{seconds:.3g}",
        "GFLOP/s": f"{operations / seconds / 1e9:.3g}",
        "share of the rate": f"{operations / seconds / rate:.2f}",
    }


def shares(seconds: Mapping[str, float]) -> dict[str, str]:
    """Of a step, by kind. seconds: as `benchmarks.work.watch.profile_of` returns them."""
    return {kind: f"{of_kind / sum(seconds.values()):.2f}" for kind, of_kind in seconds.items()}


def in_markdown(rows: Sequence[Mapping[str, str]]) -> str:
    """A table of texts."""
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)
