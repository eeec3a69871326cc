"""What share of this machine's rate of matrix products each kind of work reaches, and where its time goes.

    python -m benchmarks.roofline --params params.yaml --to docs/speed

needs θ_pre and the texts of the experiment in that file (`snakemake --cores 2 results/nano/base
results/nano/data/snippets.jsonl`). Each kind of work is done by the function that its job runs, by a trainer of TRL or
transformers as it comes, and by a loop written by hand; sampling by transformers' `generate`, its continuous
batching and llama.cpp, for which an environment of its own is needed:

    python -m venv llama && llama/bin/pip install llama-cpp-python==0.3.36
    python -m benchmarks.roofline --to docs/speed --llama llama/bin/python

Each is done once while floating-point operations are counted, then in turns, each between two matrix products; figures
are medians of the rounds. NAME.md in the directory `--to` gets the tables, where NAME is the experiment's.
"""

import argparse
import gc
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import torch
import yaml
from transformers.utils import logging

from benchmarks.work import by_hand, by_jobs, by_trainers, sampling
from benchmarks.work.experiment import Experiment
from benchmarks.work.page import PAGE, in_figures, in_markdown, shares
from benchmarks.work.rates import SQUARE, rate, rates
from benchmarks.work.watch import Work, flops_a_step, profile_of, watched

TRAININGS = {"SFT": "sft", "reward model, labels": "labels", "reward model, pairs": "pairs", "RL": "rl"}
OURS = "this project"


def contenders(experiment: Experiment, llama: Path | None) -> dict[str, dict[str, Work]]:
    """Each kind of work by those that do it, this project first. llama: the Python that has llama.cpp."""
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
    if llama is not None:
        found["sampling"]["llama.cpp"] = partial(sampling.llama_cpp, llama, experiment)
    return found


def taken(ways: Mapping[str, Work], rounds: int, square: Callable[[], float]) -> dict[str, tuple[float, float]]:
    """Seconds of a step each way, and the rate of squares beside it: medians of rounds, in which they take turns.

    square: measures that rate. It is measured before and after, because what else runs on the machine slows both.
    """
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, work in ways.items():
            before = square()
            seconds = watched(work).seconds_a_step
            found[way].append((seconds, (before + square()) / 2))
            gc.collect()
    return {way: tuple(map(statistics.median, zip(*of_way))) for way, of_way in found.items()}


def measured(
    works: Mapping[str, Mapping[str, Work]], rounds: int, square: Callable[[], float]
) -> Iterator[tuple[list[dict[str, str]], dict[str, str]]]:
    """For each kind of work its rows of the table, and the profile of this project's. square: as in `taken`.

    An engine that computes in threads of its own cannot be counted: it has this project's operations.
    """
    for work, ways in works.items():
        counted = {way: flops_a_step(of_way) for way, of_way in ways.items()}
        times = taken(ways, rounds, square)
        rows = [
            {"work": work, "by": way}
            | in_figures(counted[way] or counted[OURS], *times[way])
            | {"time / this project's": f"{times[way][0] / times[OURS][0]:.2f}"}
            for way in ways
        ]
        print(in_markdown(rows), flush=True)
        yield rows, {"work": work} | shares(profile_of(ways[OURS]))


def main() -> None:
    """Measures, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="of an experiment with all papers")
    parser.add_argument("--to", type=Path, required=True, help="directory of the page")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=40, help="of each training in a round; RL has an eighth")
    parser.add_argument("--prompts", type=int, default=64, help="that are scored and sampled from")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--llama", type=Path, help="Python of an environment that has llama-cpp-python")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    logging.disable_progress_bar()
    params = yaml.safe_load(arguments.params.read_text())
    with tempfile.TemporaryDirectory() as folder:
        experiment = Experiment(params, Path(folder), arguments.steps, arguments.prompts)
        policy = params["policy"]
        sampled = policy["prompts_per_step"] * policy["completions_per_prompt"]
        of_rates = rates(experiment, {sampled, arguments.prompts, 640})
        works = contenders(experiment, arguments.llama)
        rows, profiles = zip(*measured(works, arguments.rounds, partial(rate, *[SQUARE] * 3, experiment.machine.dtype)))
    arguments.to.mkdir(parents=True, exist_ok=True)
    (arguments.to / f"{params['experiment']}.md").write_text(
        PAGE.format(
            name=params["experiment"],
            dtype=experiment.machine.dtype,
            threads=arguments.threads,
            rounds=arguments.rounds,
            square=f"{SQUARE:,}",
            rates=of_rates.to_markdown(index=False),
            works=in_markdown([row for of_work in rows for row in of_work]),
            profiles=in_markdown(profiles),
        )
    )


if __name__ == "__main__":
    main()
