"""Estimate how long an experiment will take here: time a step of each kind of work, and add up the remaining jobs.

Needs the base model and the data: snakemake --cores 2 --configfile FILE -- results/EXPERIMENT/base
"""

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from datasets import Dataset
from snakemake.jobs import Job
from snakemake_interface_common.exceptions import WorkflowError
from transformers import TrainerCallback

from lib.data.prompts import prompts, some_prompts
from lib.evaluation.scores import score
from lib.graph.jobs import graph_of
from lib.graph.modality import modality_of
from lib.graph.schedule import wall_time
from lib.graph.stages import DEFAULT_PARAMS
from lib.machine.compute import Compute
from lib.models.loading import learner, tokenizer
from lib.policies.combinations import One
from lib.reward_models.classifiers import new_classifier, save_classifier
from lib.reward_models.loading import load
from lib.training.settings import shared
from scripts.policy import by_algorithm

BATCH = 32  # texts in a timed step
START_UP = 3.0  # seconds to load models and to write outputs
STEPS = 3  # batches of RL; the first is not timed


def amount(job: Job, config: dict[str, Any], texts: int) -> tuple[str, float]:
    """A job's kind of work, and its amount in steps of RL or batches of texts. texts: in the training split."""
    settings = json.loads(job.params.settings)
    ensembles = config.get("reward_ensembles", {})
    match job.rule.shellcmd.partition(" scripts.")[2].split(" ")[0]:
        case "policy":
            return "RL", next(value for key, value in settings.items() if key.rpartition(".")[2] == "steps")
        case "sft":
            return "training", config["sft"]["epochs"] * config["sft"]["texts"] / BATCH
        case "reward":
            return "training", config["reward_model"]["epochs"] * texts / BATCH
        case "preference_model":
            return "training", config["reward_model"]["epochs"] * 2 * pairs_in(Path(job.input.pairs), texts) / BATCH
        case "proxy":
            return "training", ensembles["epochs"] * 2 * ensembles["pairs"] / BATCH
        case "evaluate":
            return "scoring", len(settings["points"]) * config["evaluation"]["prompts"] / BATCH
        case "preferences":
            return "scoring", 2 * (ensembles["pairs"] + ensembles["held_out_pairs"]) / BATCH
        case "best_of_n_samples":
            return "scoring", ensembles["samples_per_prompt"] * ensembles["best_of_prompts"] / BATCH
    return "other", 0


def pairs_in(path: Path, otherwise: int) -> int:
    """How many preference pairs there are to learn from; where they have not been read yet, another number is taken."""
    return sum(json.loads(line)["split"] == "train" for line in path.open()) if path.exists() else otherwise


def clock(compute: Compute) -> float:
    """The time in seconds, after all work on the device is done."""
    if compute.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


class Watch(TrainerCallback):
    """Records when each step of the optimiser ended."""

    def __init__(self, compute: Compute) -> None:
        self.compute = compute
        self.ends: list[float] = []

    def on_step_end(self, args, state, control, **kwargs) -> None:
        """Records the time."""
        self.ends.append(clock(self.compute))


def measure(config: dict[str, Any], texts: pd.DataFrame, folder: Path) -> dict[str, float]:
    """Seconds per kind of work: a step of RL on one reward model, training on a batch, scoring a batch of prompts."""
    base, compute = Path("results", config["experiment"], "base"), Compute.of(config["compute"])
    lora, policy_params = config["lora"], config["policy"]
    tokens = tokenizer(base)
    classifier = new_classifier(base, lora, compute, num_labels=1, problem_type="regression")
    save_classifier(classifier, folder / "reward")
    tokens.save_pretrained(folder / "reward")
    batch = tokens(list(texts["text"][:BATCH]), padding=True, return_tensors="pt").to(compute.device)
    seconds = {"other": 0.0}
    for _ in range(2):  # the first is not counted
        started = clock(compute)
        classifier(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits.sum().backward()
        seconds["training"] = clock(compute) - started
    policy, anchor, sft = (learner(base, lora, 0, compute) for _ in range(3))
    reward = load(
        "measured",
        {"kind": "label", "models": [str(folder / "reward")], "aggregate": "mean", "coefficient": 0},
        compute,
    )
    ppo = policy_params["ppo"] if policy_params["algorithm"] == "ppo" else {}
    trainer_class, config_of, own = by_algorithm(policy_params["algorithm"], ppo)
    epochs = ppo.get("epochs", 1)
    settings = config_of(
        output_dir=str(folder),
        max_steps=STEPS * epochs,
        num_generations=policy_params["completions_per_prompt"],
        max_completion_length=policy_params["max_new_tokens"],
        logging_steps=STEPS,
        beta=0.1,
        **shared(
            compute,
            lora is not None,
            policy_params["prompts_per_step"] * policy_params["completions_per_prompt"],
            policy_params["parts"],
        ),
    )
    data = Dataset.from_pandas(texts[["prompt"]])
    kl = {"sft": sft, "kl_every": policy_params["kl_every"]}
    trainer = trainer_class(policy, anchor, {reward: 1.0}, tokens, settings, train_dataset=data, **kl, **own)
    watch = Watch(compute)
    trainer.add_callback(watch)
    trainer.train()
    seconds["RL"] = (watch.ends[-1] - watch.ends[epochs - 1]) / (STEPS - 1)
    chosen, rests = some_prompts(texts, min(BATCH, len(texts)), "data")
    started = clock(compute)
    score(
        One([policy.eval()]),
        references={"kl": One([sft])},
        tokenizer=tokens,
        prompts=chosen,
        rests=rests,
        rewards=[reward],
        max_new_tokens=policy_params["max_new_tokens"],
        temperature=policy_params["temperature"],
        kl_estimator=config["evaluation"]["kl_estimator"],
        seed=0,
        at_once=BATCH,
    )
    return seconds | {"scoring": clock(compute) - started}


def forecast(params: Path, cores: int, targets: Sequence[str] = ()) -> None:
    """Prints the remaining work by kind, and how long it will take; that of some results, or of all."""
    with graph_of("Snakefile", params, targets) as graph:
        config = graph.config
        modality_of(config).require("forecast")
        waiting = [job for job in graph.jobs if not graph.is_current(job)]
        if not waiting:
            print("nothing is to be done")
            return
        results = Path("results", config["experiment"])
        command = f"snakemake --cores {cores} --configfile {params} -- {results}/base"
        read = results / ("data/texts.jsonl" if "chat" in config["data"] else "data/snippets.jsonl")
        for needed in (results / "base", read):
            if not needed.exists():
                raise ValueError(f"{needed} is not here: {command} makes it")
        texts = prompts(read, "train", config["data"]["prompt_words"], config["data"]["left_out"])
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            seconds = measure(config, texts, Path(folder))
        amounts = {job: amount(job, config, len(texts)) for job in waiting}
        taken = {job: START_UP + count * seconds[kind] for job, (kind, count) in amounts.items()}
        rows = pd.DataFrame(
            [
                {"work": kind, "jobs": 1, "steps": count, "minutes": taken[job] / 60}
                for job, (kind, count) in amounts.items()
            ]
        )
        total = wall_time(taken, {job: graph.upstream(job) for job in waiting}, cores)
    table = rows.groupby("work", sort=False).sum().assign(seconds_a_step=lambda work: work.index.map(seconds))
    print(table.to_markdown(floatfmt=("", ".0f", ".0f", ".1f", ".2f")))
    print(f"{len(waiting)} jobs, about {total / 3600:.1f} hours on {cores} cores")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.forecast", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--params", type=Path, default=DEFAULT_PARAMS, help="the experiment's file")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="jobs at once")
    parser.add_argument("targets", nargs="*", metavar="RESULT", help="a result to stop at (default: all)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # as in the jobs
    try:
        forecast(arguments.params, arguments.cores, arguments.targets)
    except (OSError, ValueError, WorkflowError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
