"""A training of each kind that takes a second, on what `write_inputs` writes."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from lib.jobs.checkpoints import Checkpoints
from scripts.policy import train_policy
from scripts.preference_model import train_on_preferences
from scripts.proxy import train_proxy
from scripts.reward import train_reward
from scripts.sft import fine_tune
from tests.checkout import ROOT

TEXTS = ["the sea was calm and cold", "a wild night by the sea", "cold days and wild nights", "a calm day by the sea"]
LORA = {"rank": 2, "alpha": 4, "modules": ["q_proj", "v_proj"]}
SHARED = {
    "compute": {"device": "cpu", "precision": "float32"},
    "parts": 1,
    "learning_rate": 0.01,
    "warmup_steps": 5,
    "clip_norm": 1.0,
    "seed": 1,
}
LAUNCH = ["accelerate.commands.launch", "--config_file", "profiles/accelerate/multi_gpu.yaml", "--num_processes"]
PPO = {"epochs": 2, "clip": 0.2, "gae_lambda": 0.95, "value_coefficient": 0.1}


def reward(prompts, completions):
    return [completion.count("a") for completion in completions]


def write_inputs(folder: Path, llama, tokenizer) -> None:
    """A base model, texts with ratings, and pairs of texts; so many that all trainings but SFT have two epochs."""
    for one in (llama, tokenizer):
        one.save_pretrained(folder / "base")
    splits = ("train", "validation")
    rows = [
        {"text": f"{text} {i}", "split": split, "rating": (i + n) % 5, "domain": "tweet"}
        for split in splits
        for i in range(8)
        for n, text in enumerate(TEXTS)
    ]
    pairs = [
        {"split": split, "first": first, "second": second, "gold_first": i, "gold_second": 3, "draw": (i % 4) / 4}
        for split in splits
        for i, (first, second) in enumerate(zip(TEXTS * 6, TEXTS[1:] * 8))
    ]
    preferred = [
        {"split": pair["split"], "group": str(i), "prompt": "", "chosen": pair["first"], "rejected": pair["second"]}
        | {"margin": (i % 3) / 2, "tie": i % 5 == 4}
        for i, pair in enumerate(pairs)
    ]
    for name, lines in {"snippets": rows, "preferences": pairs, "pairs": preferred}.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


class Training(NamedTuple):
    """A job: what it reads and makes, by the names of its options, and its settings but for `lora`.

    averages: what it makes as well where all weights are trained.
    """

    work: Callable[..., None]
    inputs: dict[str, str]
    outputs: tuple[str, ...]
    settings: dict[str, Any]
    averages: tuple[str, ...] = ()

    def here(self, folder: Path, made: Path, checkpoints: Checkpoints, lora: dict | None) -> None:
        """Does the job in this process."""
        settings = {key.rpartition(".")[2]: value for key, value in self.settings.items()}
        self.work(**self._paths(folder, made, lora), checkpoints=checkpoints, lora=lora, **settings)

    def apart(self, folder: Path, made: Path, processes: int, lora: dict | None) -> str:
        """Does the job in processes of its own; what it says."""
        launch = [*LAUNCH, str(processes), "-m"] if processes > 1 else []
        command = [sys.executable, "-m", *launch, *self.command(folder, made, lora)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def command(self, folder: Path, made: Path, lora: dict | None) -> list[str]:
        """The job's module and its options."""
        paths = self._paths(folder, made, lora)
        options = [part for name, path in paths.items() for part in (f"--{name}", *([str(path)] if path else []))]
        options += ["--checkpoint-every", "2", "--made-of", "--settings", json.dumps(self.settings | {"lora": lora})]
        return [self.work.__module__, *options]

    def makes(self, lora: dict | None) -> tuple[str, ...]:
        """The names of what it makes."""
        return self.outputs + (self.averages if lora is None else ())

    def _paths(self, folder: Path, made: Path, lora: dict | None) -> dict[str, Path | None]:
        inputs = {name: folder / file for name, file in self.inputs.items()}
        return inputs | dict.fromkeys(self.averages) | {name: made / name for name in self.makes(lora)}


def of_policy(algorithm: str, ppo: dict[str, float]) -> Training:
    settings = {
        "reward": {"many_a": {"kind": "function", "function": "tests.small_trainings:reward", "weight": 1.0}},
        "algorithm": algorithm,
        "ppo": ppo,
        "split": "train",
        "prompt_words": 2,
        "left_out": None,
        "steps": 12,
        "prompts_per_step": 4,
        "completions_per_prompt": 2,
        "max_new_tokens": 4,
        "temperature": 1.0,
        "beta": 0.05,
        "mu": 0.1,
        "kl_every": 2,
        "kl_estimator": "exact_per_token",
    }
    models = dict.fromkeys(("start", "anchor", "sft"), "base")
    inputs, averages = models | {"snippets": "snippets.jsonl"}, ("moving_average", "checkpoint_average")
    return Training(train_policy, inputs, ("model", "history"), settings | SHARED, averages)


ON_TEXTS = {"base": "base", "snippets": "snippets.jsonl"}
TRAININGS = {
    "sft": Training(
        fine_tune,
        ON_TEXTS,
        ("model", "report"),
        {"prompt_words": 2, "left_out": None, "texts": 16, "epochs": 2, "half": 1, "batch_size": 2} | SHARED,
    ),
    "reward": Training(
        train_reward, ON_TEXTS, ("model", "report"), {"label": "rating", "epochs": 2, "batch_size": 4} | SHARED
    ),
    "proxy": Training(
        train_proxy,
        ON_TEXTS | {"preferences": "preferences.jsonl"},
        ("model", "report", "held_out"),
        {
            "label": "rating",
            "heads": 2,
            "frozen": False,
            "bootstrap": True,
            "flipped": 0.25,
            "epochs": 2,
            "batch_size": 4,
        }
        | SHARED,
    ),
    "preference_model": Training(
        train_on_preferences,
        {"base": "base", "pairs": "pairs.jsonl"},
        ("model", "report", "held_out"),
        {"heads": 2, "frozen": False, "epochs": 2, "batch_size": 4} | SHARED,
    ),
    "rloo": of_policy("rloo", {}),
    "grpo": of_policy("grpo", {}),
    "ppo": of_policy("ppo", PPO),
}
