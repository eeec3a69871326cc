"""Training of θ_pre with K heads on pairs of texts, for proxies of the gold reward and for rewards from preferences."""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor
from transformers import AutoConfig, PreTrainedModel, PreTrainedTokenizerFast, set_seed
from trl import RewardConfig

from lib.jobs.checkpoints import Checkpoints
from lib.machine.compute import Compute
from lib.reward_models.classifiers import freeze_encoder, new_classifier
from lib.reward_models.heads import RewardHeads
from lib.training.settings import Resumable, WarmedUp, print_progress, resumable, shared, train_from_last


class Grouped(Resumable, WarmedUp, RewardHeads):
    """The trainer of heads, resumable, with this project's warm-up."""


def trained_heads(
    base: Path,
    examples: Dataset,
    tokens: PreTrainedTokenizerFast,
    checkpoints: Checkpoints,
    machine: Compute,
    *,
    heads: int,
    frozen: bool,
    lora: dict | None,
    batch_size: int,
    parts: int,
    seed: int,
    **schedule: float,
) -> PreTrainedModel:
    """A classifier with K heads, in evaluation mode. examples: the columns that `RewardHeads` takes.

    frozen: whether the encoder stays as it is. schedule: `num_train_epochs`, `learning_rate`, `warmup_steps` and
    `max_grad_norm`, as transformers takes them. Longer than other functions: the settings of a training.
    """
    set_seed(seed)  # for the heads, which are initialised here and not by the trainer
    classifier = new_classifier(base, lora, machine, num_labels=heads)
    if frozen:
        freeze_encoder(classifier)
    config = RewardConfig(
        train_sampling_strategy="group_by_length",
        lr_scheduler_type="linear",
        max_length=None,
        seed=seed,
        logging_steps=10,
        **schedule,
        **(shared(machine, lora is not None, batch_size, parts) | resumable(checkpoints)),
    )
    trainer = Grouped(classifier, args=config, train_dataset=examples, processing_class=tokens)
    print_progress(trainer, {"loss": "loss", "accuracy": "accuracy"})
    train_from_last(trainer, checkpoints)
    return classifier.eval()


def tokens_of_pairs(chosen: list[str], rejected: list[str], tokens: PreTrainedTokenizerFast) -> Dataset:
    """The tokens of the preferred texts and of the others, a row per pair, and the `length` of the longer one."""
    ids = {"chosen_ids": tokens(chosen)["input_ids"], "rejected_ids": tokens(rejected)["input_ids"]}
    return Dataset.from_dict(ids | {"length": [max(map(len, pair)) for pair in zip(*ids.values())]})


def keep_scale(classifier: PreTrainedModel, scores: Tensor, section: str) -> None:
    """Stores each head's mean and standard deviation in the model's configuration, for `TrainedClassifier`.

    scores: (texts, K). section: of the parameters, for the ValueError if they do not tell texts apart.
    """
    mean, std = scores.mean(0), scores.std(0)
    if not (torch.isfinite(std).all() and (std > 0).all()):
        raise ValueError(f"{section}.learning_rate: a head's outputs are all equal, or not finite; try a lower rate")
    classifier.config.reward_mean = mean.tolist()
    classifier.config.reward_std = std.tolist()


def fitting(base: Path, tokens: PreTrainedTokenizerFast, texts: Iterable[str]) -> NDArray[np.bool_]:
    """Whether each text fits into the context of θ_pre."""
    context = getattr(AutoConfig.from_pretrained(base).get_text_config(), "max_position_embeddings", None)
    lengths = np.array([len(ids) for ids in tokens(list(texts))["input_ids"]])
    return lengths <= (context or math.inf)
