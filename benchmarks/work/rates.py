"""How many operations a second of a matrix product this machine reaches."""

import statistics
import time

import pandas as pd
import torch
from transformers import AutoConfig

from benchmarks.work.experiment import Experiment

SQUARE = 2048


def rate(rows: int, inner: int, columns: int, dtype: torch.dtype, repeats: int = 5) -> float:
    """Floating-point operations a second of a matrix product: the median of measurements of a twentieth of a second."""
    first, second = torch.randn(rows, inner).to(dtype), torch.randn(inner, columns).to(dtype)
    operations, rates = 2 * rows * inner * columns, []
    for _ in range(repeats + 1):
        started, done = time.perf_counter(), 0
        while (took := time.perf_counter() - started) < 0.05 or not done:
            torch.mm(first, second)
            done += 1
        rates.append(operations * done / took)
    return statistics.median(rates[1:])


def rates(experiment: Experiment, rows: set[int]) -> pd.DataFrame:
    """Rates in the type that the experiment computes in: of squares, and of as many rows as works have with the
    matrices of θ_pre's MLP and with that of its logits.
    """
    config, dtype = AutoConfig.from_pretrained(experiment.base), experiment.machine.dtype
    hidden, inner, vocabulary = config.hidden_size, config.intermediate_size, config.vocab_size
    shapes = [(SQUARE, SQUARE, SQUARE)]
    shapes += [(count, hidden, columns) for count in sorted(rows) for columns in (inner, vocabulary)]
    found = [(f"{a:,} × {b:,} by {b:,} × {c:,}", round(rate(a, b, c, dtype) / 1e9)) for a, b, c in shapes]
    return pd.DataFrame(found, columns=["matrices", "GFLOP/s"])
