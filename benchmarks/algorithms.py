"""RLOO, GRPO and PPO on the default experiment: seconds a step, and reward at equal KL, side by side.

    python -m benchmarks.algorithms --seeds 1 2 3

needs the SFT model, the reward and the snippets of params.yaml's experiment (`snakemake --cores 2`). Each policy has
the start, anchor and settings of `policy:`, and SALSA's reward, which has to be a trained model. A step is a batch of
completions for all three, on which PPO's optimiser takes several steps. Policies are trained one after the other, on
one thread. They are compared on held-out prompts, at equal KL on the paths from θ_sft to each, with intervals over
seeds.
"""

import argparse
import contextlib
import io
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml

from lib.graph.job_settings import point
from lib.jobs.arguments import Output
from lib.jobs.checkpoints import Checkpoints
from lib.reporting.tables import as_table
from lib.statistics.scores import PointName, Scores, in_columns, summary
from scripts.evaluate import evaluate
from scripts.policy import train_policy

ALGORITHMS = ("rloo", "grpo", "ppo")
MEAN = {"aggregate": "mean", "coefficient": 0}  # of a single model


def results_of(params: dict) -> Path:
    """The folder of the experiment's results."""
    return Path("results", params["experiment"])


def reward_of(params: dict) -> dict[str, dict]:
    """SALSA's reward, as jobs take it."""
    name = params["salsa"]["reward"]
    return {name: {"kind": "label", "models": [str(results_of(params) / "reward" / name)], **MEAN}}


def shared(params: dict, *keys: str) -> dict[str, Any]:
    """What training and scoring take from the parameters, and some keys of `policy:`."""
    keys = (*keys, "max_new_tokens", "temperature")
    data = {key: params["data"][key] for key in ("prompt_words", "left_out")}
    further = {"kl_estimator": params["evaluation"]["kl_estimator"], "compute": params["compute"]}
    return {key: params["policy"][key] for key in keys} | data | further


def trained(params: dict, algorithm: str, seed: int, folder: Path) -> tuple[Path, float]:
    """A policy, and the seconds per step of its training, including the time to load models."""
    results, policy = results_of(params), params["policy"]
    steps = ("steps", "prompts_per_step", "completions_per_prompt", "parts", "kl_every")
    model = folder / f"{algorithm}-{seed}"
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        train_policy(
            start=results / policy["start"],
            anchor=results / policy["anchor"],
            sft=results / policy["start"],
            snippets=results / "data/snippets.jsonl",
            model=Output(model),
            history=Output(model.with_suffix(".json")),
            moving_average=None,
            checkpoint_average=None,
            checkpoints=Checkpoints(folder / "checkpoints", policy["steps"], job=[algorithm, seed], made_of={}),
            reward={name: source | {"weight": 1.0} for name, source in reward_of(params).items()},
            algorithm=algorithm,
            ppo=policy["ppo"] if algorithm == "ppo" else {},
            split="train",
            mu=0.0,
            lora=params["lora"],
            seed=seed,
            **shared(params, *steps, "learning_rate", "warmup_steps", "clip_norm", "beta"),
        )
    return model, (time.perf_counter() - started) / policy["steps"]


def path_of(params: dict, algorithm: str) -> dict[PointName, float]:
    """The points from θ_sft to a policy, with their η."""
    return {(algorithm, f"η={eta:g}"): eta for eta in (0, *params["evaluation"]["path"], 1)}


def scored(params: dict, policies: Mapping[str, Path], seed: int, folder: Path) -> pd.DataFrame:
    """Scores of the paths to the policies of a seed, on held-out prompts. policies: by algorithm."""
    results, evaluation = results_of(params), params["evaluation"]
    start = results / params["policy"]["start"]
    models, scores = [start, *policies.values()], folder / f"scores-{seed}.csv"
    with contextlib.redirect_stdout(io.StringIO()):
        evaluate(
            policies=models,
            sft=start,
            snippets=results / "data/snippets.jsonl",
            scores=Output(scores),
            points=[
                point(*name, models, {start: 1 - eta, policy: eta})
                for algorithm, policy in policies.items()
                for name, eta in path_of(params, algorithm).items()
            ],
            reward=reward_of(params),
            prompts_held_out=evaluation["prompts"],
            split="test",
            within=True,
            at_once=evaluation["at_once"],
            seed=seed,
            **shared(params),
        )
    return pd.read_csv(scores)


def compared(params: dict, scores: Scores, seconds: Mapping[str, list[float]]) -> pd.DataFrame:
    """A row for each algorithm: time, reward and KL, and its reward at equal KL less that of the first."""
    [reward], rows = reward_of(params), []
    paths = {algorithm: list(path_of(params, algorithm)) for algorithm in seconds}
    first = next(iter(paths))
    for algorithm, path in paths.items():
        steps = seconds[algorithm]
        row = {
            "algorithm": algorithm,
            "seconds a step (min to max)": f"{np.median(steps):.2f} ({min(steps):.2f} to {max(steps):.2f})",
        }
        for label, column in (("reward", reward), ("KL", "kl")):
            row |= in_columns(label, summary(scores.sample(path[-1:], [column])))
        gap = summary(scores.at_equal_kl(path, paths[first], reward))
        rows.append(row | in_columns(f"reward at equal KL, minus that of {first}", gap))
    return pd.DataFrame(rows)


def main() -> None:
    """Trains and scores the policies, and prints the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.algorithms",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    seeds = parser.parse_args().seeds
    torch.set_num_threads(1)
    params = yaml.safe_load(Path("params.yaml").read_text())
    seconds: dict[str, list[float]] = {algorithm: [] for algorithm in ALGORITHMS}
    tables = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            policies = {}
            for algorithm in ALGORITHMS:
                policies[algorithm], took = trained(params, algorithm, seed, Path(folder))
                seconds[algorithm].append(took)
                print(f"seed {seed}  {algorithm}  {took:.2f} s a step", flush=True)
            tables[seed] = scored(params, policies, seed, Path(folder))
    scores = Scores.of(tables, [*reward_of(params), "kl"])
    print(as_table(compared(params, scores, seconds)))


if __name__ == "__main__":
    main()
