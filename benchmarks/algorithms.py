"""RLOO, GRPO and PPO on the default experiment: seconds a step, and reward at equal KL, side by side.

    python -m benchmarks.algorithms --seeds 1 2 3

needs the SFT model, the reward and the snippets of params.yaml's experiment (`snakemake --cores 2`). Each policy has
the start, anchor and settings of `policy:`, and SALSA's reward, which has to be a trained model. A step is a batch of
completions for all three, on which PPO's optimiser takes several steps. Policies are trained one after the other, on
one thread.
"""

import argparse
import contextlib
import io
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml

from lib.jobs.arguments import Output
from lib.jobs.checkpoints import Checkpoints
from lib.statistics.along_training import mean_start, over_seeds, read_trajectory, reward_at_equal_kl
from scripts.policy import train_policy

ALGORITHMS = ("rloo", "grpo", "ppo")
MEAN = {"aggregate": "mean", "coefficient": 0}  # of a single model
LAST = 5  # records at the end of training, averaged


def trained(params: dict, algorithm: str, seed: int, folder: Path) -> tuple[Path, float]:
    """The history of a policy, and the seconds per step, including the time to load models."""
    results, policy = Path("results", params["experiment"]), params["policy"]
    name = params["salsa"]["reward"]
    shared = ("steps", "prompts_per_step", "completions_per_prompt", "parts", "max_new_tokens", "temperature")
    settings = {key: policy[key] for key in (*shared, "learning_rate", "warmup_steps", "clip_norm", "beta", "kl_every")}
    checkpoints = Checkpoints(folder / "checkpoints", policy["steps"], job=[algorithm, seed], made_of={})
    history = folder / f"{algorithm}-{seed}.json"
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        train_policy(
            start=results / policy["start"],
            anchor=results / policy["anchor"],
            sft=results / policy["start"],
            snippets=results / "data/snippets.jsonl",
            model=Output(folder / f"{algorithm}-{seed}"),
            history=Output(history),
            moving_average=None,
            checkpoint_average=None,
            checkpoints=checkpoints,
            reward={name: {"kind": "label", "models": [str(results / "reward" / name)], **MEAN, "weight": 1.0}},
            algorithm=algorithm,
            ppo=policy["ppo"] if algorithm == "ppo" else {},
            split="train",
            prompt_words=params["data"]["prompt_words"],
            left_out=params["data"]["left_out"],
            mu=0.0,
            kl_estimator=params["evaluation"]["kl_estimator"],
            lora=params["lora"],
            compute=params["compute"],
            seed=seed,
            **settings,
        )
    return history, (time.perf_counter() - started) / policy["steps"]


def main() -> None:
    """Trains the policies and prints the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.algorithms",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    seeds = parser.parse_args().seeds
    torch.set_num_threads(1)
    params = yaml.safe_load(Path("params.yaml").read_text())
    reward = {params["salsa"]["reward"]: 1.0}
    paths, seconds = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            for algorithm in ALGORITHMS:
                history, seconds[algorithm, seed] = trained(params, algorithm, seed, Path(folder))
                paths[algorithm, seed] = read_trajectory(history, reward)
                print(f"seed {seed}  {algorithm}  {seconds[algorithm, seed]:.2f} s a step")
    origin = mean_start(list(paths.values()))
    rows = []
    for algorithm in ALGORITHMS:
        by_seed = [paths[algorithm, seed] for seed in seeds]
        margins = [reward_at_equal_kl(paths[algorithm, seed], paths["rloo", seed], origin) for seed in seeds]
        gain = over_seeds(np.array(margins), resamples=params["evaluation"]["resamples"])
        steps = [seconds[algorithm, seed] for seed in seeds]
        rows.append(
            {
                "algorithm": algorithm,
                "seconds a step (min to max)": f"{np.median(steps):.2f} ({min(steps):.2f} to {max(steps):.2f})",
                "reward at the end": np.mean([path[-LAST:, 0].mean() for path in by_seed]),
                "KL at the end": np.mean([path[-LAST:, 1].mean() for path in by_seed]),
                "best reward at equal KL, minus RLOO's": "{value:.3f} ({low:.3f} to {high:.3f})".format(**gain),
            }
        )
    print(pd.DataFrame(rows).to_markdown(index=False, floatfmt=".3f"))


if __name__ == "__main__":
    main()
