"""How often intervals contain the true value, and how often a verdict is false, on simulated seeds and prompts.

    python -m benchmarks.coverage --samples 1000 --output docs/coverage.csv
    python -m benchmarks.coverage --looks 9 14 23

Scores of two policies are drawn with effects of seeds, of prompts and of both, and go through the functions that write
the tables: means, differences, share of wins, hypervolume, reward at equal KL, bands, and verdicts of five claims.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from lib.statistics.comparisons import Comparison, Kind
from lib.statistics.equal_kl import gap_at_equal_kl
from lib.statistics.fronts import hypervolume
from lib.statistics.intervals import Floats, Sample, band, intervals
from lib.statistics.scores import GROUPS, Scores
from lib.statistics.verdicts import Verdict, judge

PROMPTS = 200
POINTS = 9  # along a path
SEEDS = (2, 3, 4, 5, 6, 8, 10)
CASES = {  # sd of a policy's mean between seeds, of prompts, of a prompt's noise; as in the default experiment
    "seeds and prompts vary": (0.05, 0.4, 0.9),
    "seeds vary little": (0.01, 0.4, 0.9),
    "seeds do not vary": (0.0, 0.4, 0.9),
    "seeds vary much": (0.2, 0.4, 0.9),
}
KINDS = {
    "mean": 0.0,
    "difference": 0.0,
    "share of wins": 0.5,
    "hypervolume": None,
    "reward at equal KL": 0.0,
    "band over 9 points": 0.0,
}


def drawn(generator: np.random.Generator, seeds: int, case: tuple[float, float, float]) -> Scores:
    """Rewards of 2 × POINTS points, alike in truth: two policies' paths. A policy varies with the seed as a whole and
    more so at its far end; prompts are as hard for all.
    """
    of_seed, of_prompt, noise = case
    points = [(policy, f"{i}") for policy in ("first", "second") for i in range(POINTS)]
    share = np.tile(np.linspace(0, 1, POINTS), 2)
    shift = np.repeat(generator.normal(0, of_seed, (seeds, 1, 2)), POINTS, axis=2) * share
    shift = shift + generator.normal(0, of_seed / 2, (seeds, 1, 2 * POINTS)) * share
    prompts = generator.normal(0, of_prompt, (PROMPTS, 1)) + generator.normal(0, of_prompt / 2, (PROMPTS, 2)).repeat(
        POINTS, axis=1
    )
    reward = 1 + share + shift + prompts + generator.normal(0, noise, (seeds, PROMPTS, 2 * POINTS))
    kl = np.tile(np.linspace(0, 1, POINTS) ** 2 * 10, 2) * np.repeat([1.0, 0.7], POINTS)
    curve = np.sqrt(kl / 10)  # one curve of reward in KL, on which the second ends earlier
    on_curve = reward - share + curve
    wins = (reward[..., [POINTS - 1]] > reward[..., [-1]]) + np.zeros(2 * POINTS)
    values = np.stack([reward, on_curve, np.broadcast_to(kl, reward.shape), wins], axis=-1)
    grouped = values.reshape(seeds, PROMPTS // GROUPS, GROUPS, 2 * POINTS, 4).mean(1)
    sizes = np.full(GROUPS, PROMPTS / GROUPS)
    return Scores(list(range(seeds)), points, ["reward", "on curve", "kl", "wins"], grouped, sizes)


def samples(scores: Scores) -> dict[str, Sample]:
    """The numbers of each kind of table."""
    first, second = scores.points[POINTS - 1], scores.points[-1]
    front = scores.points[:POINTS]
    path, other = scores.points[:POINTS], scores.points[POINTS:]
    return {
        "mean": scores.sample([first], ["reward"]).minus(2.0),
        "difference": scores.difference(first, second, ["reward"]),
        "share of wins": scores.sample([first], ["wins"]),
        "hypervolume": scores.sample(front, ["reward", "kl"], volume),
        "reward at equal KL": scores.sample(
            [*path, *other],
            ["on curve", "kl"],
            lambda means: np.array([gap_at_equal_kl(means[:POINTS], means[POINTS:])]),
        ),
        "band over 9 points": scores.sample(
            [*path, *other], ["reward"], lambda means: (means[:POINTS] - means[POINTS:])[:, 0]
        ),
    }


def volume(means: Floats) -> Floats:
    """Hypervolume above reward 1 and below a KL of 10."""
    return np.array([hypervolume(means * [1, -1], [1.0, -10.0])])


def coverage(seeds: int, case: str, count: int) -> Iterator[dict[str, object]]:
    """The share of simulated experiments whose interval has the true value, of each kind."""
    generator = np.random.default_rng(seeds)
    tables = [samples(drawn(generator, seeds, CASES[case])) for _ in range(count)]
    for kind, truth in KINDS.items():
        found = [table[kind] for table in tables]
        value = np.mean([sample.mean for sample in found], axis=0) if truth is None else truth
        ends: Callable[[Sample], tuple[Floats, ...]] = band if kind.startswith("band") else intervals
        hits = [bool(((low <= value) & (value <= high)).all()) for low, high in (ends(sample)[:2] for sample in found)]
        yield {"case": case, "kind": kind, "seeds": seeds, "share": float(np.mean(hits))}


def false_verdicts(looks: Sequence[int], case: str, count: int) -> dict[str, object]:
    """The share of experiments without any effect in which one of five claims of a paper gets a false verdict.

    looks: the numbers of seeds after which verdicts are asked for, rising; seeds are added between them.
    """
    generator = np.random.default_rng(1000 + looks[-1])
    false = 0
    for _ in range(count):
        claims = [drawn(generator, looks[-1], CASES[case]) for _ in range(5)]
        false += any(_is_false([of_first(scores, seeds) for scores in claims]) for seeds in looks)
    return {"case": case, "kind": "false verdict among 5 claims", "seeds": looks[-1], "share": false / count}


def of_first(scores: Scores, seeds: int) -> Scores:
    """The scores of so many seeds alone."""
    return replace(scores, seeds=scores.seeds[:seeds], values=scores.values[:seeds])


def _is_false(claims: list[Scores]) -> bool:
    samples = [scores.difference(scores.points[POINTS - 1], scores.points[-1], ["reward"]) for scores in claims]
    compared: list[Comparison | str] = [Comparison(sample, ["difference"], Kind.MORE, 0.05) for sample in samples]
    return any(judged.verdict in (Verdict.HOLDS, Verdict.CONTRADICTED) for judged in judge(compared))


def main() -> None:
    """Prints the table, and writes it where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=1000, help="simulated experiments for each number")
    parser.add_argument("--output", type=Path, help="CSV file to write")
    looks = "how often verdicts are false if they are asked for after so many seeds, and again after more; nothing else"
    parser.add_argument("--looks", type=int, nargs="+", metavar="SEEDS", help=looks)
    options = parser.parse_args()
    if options.looks:
        for case in CASES:
            print(f"{case}: {false_verdicts(sorted(options.looks), case, options.samples)['share']:.3f}", flush=True)
        return
    rows = []
    for case in CASES:
        for seeds in SEEDS:
            rows += coverage(seeds, case, options.samples)
            rows.append(false_verdicts([seeds], case, options.samples // 2))
        found = pd.DataFrame(rows)
        shown = found[found["case"] == case].pivot(index="kind", columns="seeds", values="share")
        print(f"{case}\n{shown.to_string(float_format='{:.3f}'.format)}\n", flush=True)
    if options.output:
        pd.DataFrame(rows).to_csv(options.output, index=False, float_format="%.4f")


if __name__ == "__main__":
    main()
