"""The page that `benchmarks.roofline` writes."""

from collections.abc import Mapping, Sequence

import pandas as pd

PAGE = """# Share of the machine's rate: {name}

Written by `python -m benchmarks.roofline`: {dtype}, threads: {threads}, medians of {rounds} rounds in turns.

## The machine

Products of two squares, and of some rows with the matrices of an MLP of θ_pre and of its logits:

{rates}

## Work

The rate is that of two matrices of {square} × {square}. Operations are those of matrix products and attention, as
PyTorch counts them. Who does less work for the same result has less of them. RL and SFT: a step is a batch; scoring and
sampling: a step is all of it.

{works}

## Where the time of this project goes

Shares of a step under PyTorch's profiler. Attention that is computed by matrix products and a softmax counts as these.

{profiles}
"""


def in_figures(operations: float, taken: float, square: float) -> dict[str, str]:
    """Columns of the table. operations: GFLOP a step; taken: its seconds; square: GFLOP/s of squares."""
    return {
        "GFLOP a step": f"{operations:.3g}",
        "seconds": f"{taken:.3g}",
        "GFLOP/s": f"{operations / taken:.3g}",
        "share of the rate": f"{operations / taken / square:.2f}",
    }


def shares(seconds: Mapping[str, float]) -> dict[str, str]:
    """Of a step, by kind. seconds: as `benchmarks.work.watch.profile_of` returns them."""
    return {kind: f"{of_kind / sum(seconds.values()):.2f}" for kind, of_kind in seconds.items()}


def in_markdown(rows: Sequence[Mapping[str, str]]) -> str:
    """A table of texts."""
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)
