"""The works of `benchmarks.work.by_jobs` by trainers of TRL and transformers as they come, on the same data.

They have their defaults but for the number of texts in a step, the number of steps, and what they need on a CPU.
"""

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    PreTrainedModel,
    Trainer,
    TrainingArguments,
)
from trl import RewardConfig, RewardTrainer, RLOOConfig, RLOOTrainer, SFTConfig, SFTTrainer

from benchmarks.work.experiment import Experiment
from benchmarks.work.watch import Watch


def settings(experiment: Experiment, batch: int, steps: int) -> dict[str, object]:
    """What a trainer of theirs has to be told."""
    return {
        "output_dir": str(experiment.made("rival")),
        "per_device_train_batch_size": batch,
        "max_steps": steps,
        "use_cpu": experiment.machine.device.type == "cpu",
        "bf16": experiment.machine.dtype == torch.bfloat16,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }


def adapters(experiment: Experiment, task: str) -> dict[str, LoraConfig]:
    """What a trainer of TRL is told of LoRA, where the experiment trains factors."""
    if (lora := experiment.params["lora"]) is None:
        return {}
    rank, alpha, modules = lora["rank"], lora["alpha"], lora["modules"]
    return {"peft_config": LoraConfig(r=rank, lora_alpha=alpha, target_modules=modules, task_type=task)}


def classifier(experiment: Experiment) -> PreTrainedModel:
    """θ_pre with a new head."""
    return AutoModelForSequenceClassification.from_pretrained(
        experiment.base, dtype=experiment.machine.dtype, num_labels=1
    )


def sft(experiment: Experiment, _: Watch) -> None:
    """TRL's SFTTrainer."""
    SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(experiment.base, dtype=experiment.machine.dtype),
        args=SFTConfig(**settings(experiment, experiment.params["sft"]["batch_size"], experiment.steps)),
        train_dataset=Dataset.from_pandas(experiment.texts[["prompt", "completion"]], preserve_index=False),
        processing_class=experiment.tokens,
        **adapters(experiment, "CAUSAL_LM"),
    ).train()


def labels(experiment: Experiment, _: Watch) -> None:
    """transformers' Trainer: TRL has none for labels. Without LoRA, which that leaves to its user."""
    examples = experiment.tokens(list(experiment.texts["text"])) | {"label": list(experiment.texts["rating"])}
    Trainer(
        model=classifier(experiment),
        args=TrainingArguments(
            **settings(experiment, experiment.params["reward_model"]["batch_size"], experiment.steps)
        ),
        train_dataset=Dataset.from_dict(examples),
        data_collator=DataCollatorWithPadding(experiment.tokens),
    ).train()


def pairs(experiment: Experiment, _: Watch) -> None:
    """TRL's RewardTrainer."""
    RewardTrainer(
        model=classifier(experiment),
        args=RewardConfig(
            **settings(experiment, experiment.params["reward_ensembles"]["batch_size"], experiment.steps)
        ),
        train_dataset=Dataset.from_dict(dict(zip(("chosen", "rejected"), experiment.pairs()))),
        processing_class=experiment.tokens,
        **adapters(experiment, "SEQ_CLS"),
    ).train()


def rl(experiment: Experiment, _: Watch) -> None:
    """TRL's RLOOTrainer, with the same reward."""
    policy, reward = experiment.params["policy"], experiment.reward

    def rewards(prompts: list[str], completions: list[str], **_) -> list[float]:
        return reward(prompts, completions)

    own = {
        "num_generations": policy["completions_per_prompt"],
        "max_completion_length": policy["max_new_tokens"],
        "temperature": policy["temperature"],
        "beta": policy["beta"],
    }
    batch = policy["prompts_per_step"] * policy["completions_per_prompt"]
    RLOOTrainer(
        model=AutoModelForCausalLM.from_pretrained(experiment.base, dtype=experiment.machine.dtype),
        reward_funcs=rewards,
        args=RLOOConfig(**settings(experiment, batch, experiment.steps_of_rl), **own),
        train_dataset=Dataset.from_pandas(experiment.texts[["prompt"]], preserve_index=False),
        processing_class=experiment.tokens,
        **adapters(experiment, "CAUSAL_LM"),
    ).train()
