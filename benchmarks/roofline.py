"""What share of this machine's rate of matrix products each kind of work reaches, and where its time goes.

    python -m benchmarks.roofline --params params.yaml --to docs/speed

needs θ_pre and the texts of the experiment in that file (`snakemake --cores 2 results/nano/base
results/nano/data/snippets.jsonl`). Each kind of work is done by the function that its job runs, by a trainer of TRL or
transformers as it comes, and by a loop written by hand; sampling by transformers' `generate` and its continuous
batching, too. Each is done once while floating-point operations are counted, then in turns; times are medians of the
rounds. NAME.md in the directory `--to` gets the tables, where NAME is the experiment's.
"""

import argparse
import gc
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pandas as pd
import torch
import yaml
from transformers.utils import logging

from benchmarks.work import by_hand, by_jobs, by_trainers, sampling
from benchmarks.work.experiment import Experiment
from benchmarks.work.rates import SQUARE, rates
from benchmarks.work.watch import KINDS, Work, flops_a_step, profile_of, watched

TRAININGS = {"SFT": "sft", "reward model, labels": "labels", "reward model, pairs": "pairs", "RL": "rl"}
OURS = "this project"
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


def contenders(experiment: Experiment) -> dict[str, dict[str, Work]]:
    """Each kind of work by those that do it, this project first."""
    ways = {OURS: by_jobs, "TRL or transformers as it comes": by_trainers, "by hand": by_hand}
    found = {
        work: {way: partial(getattr(module, name), experiment) for way, module in ways.items()}
        for work, name in TRAININGS.items()
    }
    found["scoring five soups"] = {OURS: partial(by_jobs.sweep, experiment)}
    found["sampling"] = {
        OURS: partial(sampling.ours, experiment),
        "transformers' generate": partial(sampling.generate, experiment),
        "transformers' continuous batching": partial(sampling.continuous_batching, experiment),
    }
    return found


def seconds(ways: Mapping[str, Work], rounds: int) -> dict[str, float]:
    """Of a step each way: medians of rounds, in which they take turns."""
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, work in ways.items():
            taken[way].append(watched(work).seconds_a_step)
            gc.collect()
    return {way: statistics.median(of_way) for way, of_way in taken.items()}


def in_figures(operations: float, taken: float, square: float) -> dict[str, str]:
    """Columns of the table. operations: GFLOP a step; taken: its seconds; square: GFLOP/s of squares."""
    return {
        "GFLOP a step": f"{operations:.2f}",
        "seconds": f"{taken:.3g}",
        "GFLOP/s": f"{operations / taken:.0f}",
        "share of the rate": f"{operations / taken / square:.2f}",
    }


def measured(experiment: Experiment, rounds: int, square: float) -> Iterator[tuple[dict, dict]]:
    """For each kind of work its rows of the table, and the profile of this project's. square: GFLOP/s of squares.

    An engine that computes in threads of its own cannot be counted: it has this project's operations.
    """
    for work, ways in contenders(experiment).items():
        counted = {way: flops_a_step(of_way) / 1e9 for way, of_way in ways.items()}
        taken = seconds(ways, rounds)
        rows = [
            {"work": work, "by": way}
            | in_figures(counted[way] or counted[OURS], taken[way], square)
            | {"time / this project's": f"{taken[way] / taken[OURS]:.2f}"}
            for way in ways
        ]
        print(in_markdown(rows), flush=True)
        yield rows, {"work": work} | profile_of(ways[OURS])


def page(experiment: Experiment, rounds: int, threads: int) -> str:
    """The tables in Markdown."""
    policy = experiment.params["policy"]
    sampled = policy["prompts_per_step"] * policy["completions_per_prompt"]
    of_rates = rates(experiment, {sampled, experiment.held_out, 640})
    square = of_rates["GFLOP/s"][0]
    works, profiles = zip(*measured(experiment, rounds, square))
    shares = [
        {"work": profile["work"]} | {kind: f"{profile[kind] / sum(map(profile.get, KINDS)):.2f}" for kind in KINDS}
        for profile in profiles
    ]
    return PAGE.format(
        name=experiment.params["experiment"],
        dtype=experiment.machine.dtype,
        threads=threads,
        rounds=rounds,
        square=f"{SQUARE:,}",
        rates=of_rates.to_markdown(index=False),
        works=in_markdown([row for rows in works for row in rows]),
        profiles=in_markdown(shares),
    )


def in_markdown(rows: list[dict[str, str]]) -> str:
    """A table of texts."""
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)


def main() -> None:
    """Measures, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="of an experiment with all papers")
    parser.add_argument("--to", type=Path, required=True, help="directory of the page")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=40, help="of each training in a round; RL has an eighth")
    parser.add_argument("--prompts", type=int, default=64, help="that are scored and sampled from")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    logging.disable_progress_bar()
    params = yaml.safe_load(arguments.params.read_text())
    with tempfile.TemporaryDirectory() as folder:
        experiment = Experiment(params, Path(folder), arguments.steps, arguments.prompts)
        text = page(experiment, arguments.rounds, arguments.threads)
    arguments.to.mkdir(parents=True, exist_ok=True)
    (arguments.to / f"{params['experiment']}.md").write_text(text)


if __name__ == "__main__":
    main()
