"""An experiment at its settings, for the works of `benchmarks.roofline`.

Only θ_pre and the texts are needed of it. Policies and reward models are new here; it takes as long to run and train
them as others.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from lib.data.prompts import prompts
from lib.jobs.arguments import Output
from lib.jobs.checkpoints import Checkpoints
from lib.machine.compute import Compute
from lib.models.loading import learner, save, tokenizer
from lib.reward_models.classifiers import new_classifier, save_classifier
from lib.reward_models.loading import Reward, load


class Experiment:
    """Its settings, and what its works need in a folder.

    steps: of each training but RL. held_out: prompts that are scored.
    """

    def __init__(self, params: Mapping[str, Any], folder: Path, steps: int, held_out: int) -> None:
        self.params, self.folder, self.steps, self.held_out = params, folder, steps, held_out
        results = Path("results", params["experiment"])
        self.base, self.snippets = results / "base", folder / "snippets.jsonl"
        self.machine = Compute.of(params["compute"])
        self.tokens = tokenizer(self.base)
        largest = max(params[section]["batch_size"] for section in ("sft", "reward_model", "reward_ensembles"))
        of_rl = self.steps_of_rl * params["policy"]["prompts_per_step"]
        counts = {"train": max(steps * largest, of_rl), "validation": 16, "test": held_out}
        tables = {split: prompts(results / "data/snippets.jsonl", split, **self.cut) for split in counts}
        kept = [tables[split].sample(count, random_state=0).assign(split=split) for split, count in counts.items()]
        pd.concat(kept).to_json(self.snippets, orient="records", lines=True)
        self.texts = kept[0]

    @property
    def steps_of_rl(self) -> int:
        """They are longer, and all alike; other trainings group texts by length, which takes many."""
        return max(1, self.steps // 8)

    @property
    def cut(self) -> dict[str, Any]:
        """How prompts are cut from texts."""
        return {key: self.params["data"][key] for key in ("prompt_words", "left_out")}

    @property
    def shared(self) -> dict[str, Any]:
        """What trainings share."""
        return {"lora": self.params["lora"], "compute": self.params["compute"], "seed": 0}

    @property
    def sampled(self) -> dict[str, Any]:
        """How completions are sampled, and what their KL is."""
        of_policy = {key: self.params["policy"][key] for key in ("max_new_tokens", "temperature")}
        return of_policy | {"kl_estimator": self.params["evaluation"]["kl_estimator"]}

    @cached_property
    def policies(self) -> list[Path]:
        """Three policies: θ_sft and two others."""
        folders = [self.folder / f"policy-{seed}" for seed in range(3)]
        for seed, folder in enumerate(folders):
            save(learner(self.base, self.params["lora"], seed, self.machine), self.tokens, self.base, folder)
        return folders

    @cached_property
    def source(self) -> dict[str, Any]:
        """Of a reward that is a trained model."""
        folder = self.folder / "reward-model"
        save_classifier(new_classifier(self.base, self.params["lora"], self.machine, num_labels=1), folder)
        self.tokens.save_pretrained(folder)
        return {"kind": "label", "models": [str(folder)], "aggregate": "mean", "coefficient": 0}

    @cached_property
    def reward(self) -> Reward:
        """A trained model."""
        return load("reward", self.source, self.machine)

    def made(self, name: str) -> Output:
        """A file or directory that is not looked at."""
        (self.folder / "made").mkdir(exist_ok=True)
        return Output(self.folder / "made" / name)

    @property
    def checkpoints(self) -> Checkpoints:
        """For a training that writes none."""
        return Checkpoints(self.made("checkpoints"), every=10**6, job=None, made_of={})

    def pairs(self) -> tuple[list[str], list[str]]:
        """Texts, and others to prefer them to: no text is twice in a batch."""
        texts = list(self.texts["text"])[: self.steps * self.params["reward_ensembles"]["batch_size"]]
        half = len(texts) // 2
        return texts, texts[half:] + texts[:half]
