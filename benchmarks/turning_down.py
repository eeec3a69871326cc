"""How often gold is said to turn down (E-1) where it only wanders, by three comparisons, on simulated trainings.

    python -m benchmarks.turning_down

Gold wanders without a drift, or rises and then does, and is recorded with the noise of a step's completions. A
comparison is counted where its mean is above 0 and p below .05 / 5, as for one of five claims of a paper: half a
percent is aimed at. E-1 is judged by the second; the first was in its place for a day.
"""

import argparse
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from lib.papers.reward_ensembles.training import TENTHS, after_the_peak, loss_from_best, nearer_to_its_worst
from lib.statistics.along_training import smoothed
from lib.statistics.comparisons import Comparison, Kind, p_of
from lib.statistics.intervals import Floats, Sample

STEPS = 150
NOISE = 0.12  # sd of a step's mean gold over 24 completions
CLAIMS = 5
Gold = Callable[[np.random.Generator, int], Floats]


def walk(generator: np.random.Generator, seeds: int) -> Floats:
    """A random walk whose end has the spread of the recorded seeds, (seeds, STEPS)."""
    return generator.normal(0, 0.285 / np.sqrt(STEPS), (seeds, STEPS)).cumsum(1)


def wandering(generator: np.random.Generator, seeds: int) -> Floats:
    """Gold that wanders around one value, and has forgotten where it was after some fifteen steps, (seeds, STEPS)."""
    kept, gold = np.exp(-1 / 15), generator.normal(0, 0.15, (seeds, STEPS))
    for step in range(1, STEPS):
        gold[:, step] = kept * gold[:, step - 1] + np.sqrt(1 - kept**2) * gold[:, step]
    return gold


def rising(generator: np.random.Generator, seeds: int) -> Floats:
    """Gold that rises by .3 in the beginning of training and wanders, (seeds, STEPS)."""
    return 0.3 * (1 - np.exp(-np.arange(STEPS) / 20)) + wandering(generator, seeds)


def from_the_step_of_the_others(gold: Floats) -> Floats:
    """What each seed loses from the step where gold is best for the other seeds."""
    table = pd.DataFrame(gold.T)
    curves = smoothed(table, list(table)).to_numpy().T
    return -after_the_peak(np.stack([curves, curves], axis=-1))[:, 1]


COMPARISONS = {
    "from its own best": partial(loss_from_best, parts=TENTHS),
    "from the others' step": from_the_step_of_the_others,
    "nearer to its worst": nearer_to_its_worst,
}
CASES: dict[str, Gold] = {"random walk": walk, "wanders": wandering, "rises and wanders": rising}


def said(losses: Floats) -> bool:
    """Whether these seeds are said to lose gold. losses: (seeds,)."""
    compared = Comparison(Sample(losses[:, None]), ["loss"], Kind.MORE, 0.05)
    return bool(losses.mean() > 0 and CLAIMS * p_of(compared) < 0.05)


def main() -> None:
    """Prints the share of simulated experiments in which each comparison finds a turn that is not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=1000, help="simulated experiments for each number")
    parser.add_argument("--seeds", type=int, nargs="+", default=[9, 18], help="seeds of an experiment")
    options = parser.parse_args()
    rows = []
    for seeds in options.seeds:
        for case, gold_of in CASES.items():
            generator = np.random.default_rng(seeds)
            drawn = [gold_of(generator, seeds) for _ in range(options.samples)]
            recorded = [gold + generator.normal(0, NOISE, gold.shape) for gold in drawn]
            shares = {name: np.mean([said(loss(gold)) for gold in recorded]) for name, loss in COMPARISONS.items()}
            rows.append({"gold": case, "seeds": seeds} | shares)
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
