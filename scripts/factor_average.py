"""The error of averaging the LoRA factors A and B separately, as public code does, against averaging the weights."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from lib.jobs.arguments import KeyedFiles, Output
from lib.jobs.command_line import run
from lib.models.lora_on_disk import factor_average_error, read_factors
from lib.reporting.figures import PAPER, head, save

WEIGHTS = np.linspace(0, 1, 21)


def compare_averages(start: Path, table: Output, figures: Output, *, pairs: KeyedFiles, width: float, dpi: int) -> None:
    """pairs: named pairs of policies, all trained from `start`."""
    origin = read_factors(start)
    rows = []
    for name, (first, second) in pairs.items():
        both = read_factors(first), read_factors(second)
        for weight in WEIGHTS:
            error = factor_average_error(origin, both, [1 - weight, weight])
            rows.append({"pair": name, "weight": round(float(weight), 2), "error": error})
    errors = pd.DataFrame(rows)
    errors.to_csv(table, index=False)
    print(errors[errors["weight"] == 0.5].to_string(index=False))
    plt.rcParams.update(PAPER)
    figure, axes = plt.subplots(figsize=(width * 0.8, width * 0.5), layout="constrained")
    for name, curve in errors.groupby("pair", sort=False):
        axes.plot(curve["weight"], 100 * curve["error"], marker=".", label=name)
    head(figure, "How far averaged LoRA factors are from the averaged policies")
    axes.set(xlabel="λ", ylabel="error, % of the task vector's norm", ylim=(0, None))
    axes.legend()
    save(figures, "factor_average", figure, dpi)


if __name__ == "__main__":
    run(compare_averages)
