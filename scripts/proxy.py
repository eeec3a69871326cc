"""Train a proxy on preferences: θ_pre with K heads, trained with them or as it is (Scalable Ensembling).

What is told of it: its heads' agreement with held-out human ratings, and what they say of held-out pairs.
"""

import json
from pathlib import Path

import pandas as pd
import torch
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerFast, set_seed
from trl import RewardConfig

from lib.data.human_labels import Label, labelled
from lib.jobs.arguments import Output
from lib.jobs.checkpoints import Checkpoints
from lib.jobs.command_line import run
from lib.machine.compute import Compute
from lib.models.loading import tokenizer
from lib.reward_models.agreement import measure_for
from lib.reward_models.classifiers import freeze_encoder, new_classifier, save_classifier
from lib.reward_models.ensembles import outputs
from lib.reward_models.heads import RewardHeads, bootstrap_weights
from lib.reward_models.pairs import first_preferred
from lib.training.settings import print_progress, resumable, shared, train_from_last


def train_proxy(
    base: Path,
    preferences: Path,
    snippets: Path,
    model: Output,
    report: Output,
    held_out: Output,
    checkpoints: Checkpoints,
    *,
    label: Label | None,
    heads: int,
    frozen: bool,
    bootstrap: bool,
    flipped: float,
    epochs: float,
    batch_size: int,
    parts: int,
    learning_rate: float,
    lora: dict | None,
    compute: dict,
    seed: int,
) -> None:
    """label: what the gold reward has learned of people, or None where it has not. held_out: of each pair of the
    validation split, the `label` (whether the first is better, wrong for a share of them), and each head's `margin_k`
    between the two on the scale that it was trained on.
    """
    pairs = pd.read_json(preferences, lines=True, dtype={"first": str, "second": str})
    train, other = (pairs[pairs["split"] == split].reset_index(drop=True) for split in ("train", "validation"))
    tokens, machine = tokenizer(base), Compute.of(compute)
    set_seed(seed)  # of the heads, which are drawn here and not by the trainer
    classifier = new_classifier(base, lora, machine, num_labels=heads)
    if frozen:
        freeze_encoder(classifier)
    weights = bootstrap_weights(len(train), heads, seed) if bootstrap else [[1] * heads] * len(train)
    dataset = as_pairs(train, first_preferred(train, flipped), tokens).add_column("weights", weights)
    config = RewardConfig(
        num_train_epochs=epochs,
        learning_rate=learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=20,
        max_length=None,
        max_grad_norm=0.0,  # not clipped, or heads would be slowed down by each other
        seed=seed,
        logging_steps=10,
        **(shared(machine, lora is not None, batch_size, parts) | resumable(checkpoints)),
    )
    trainer = RewardHeads(classifier, args=config, train_dataset=dataset, processing_class=tokens)
    print_progress(trainer, {"loss": "loss", "accuracy": "accuracy"})
    train_from_last(trainer, checkpoints)
    classifier.eval()
    first, second = (outputs(classifier, tokens, list(other[place])) for place in ("first", "second"))
    keep_scale(classifier, torch.cat([first, second]))
    margins = pd.DataFrame((first - second).numpy(), columns=[f"margin_{k}" for k in range(heads)])
    margins.assign(label=first_preferred(other, flipped)).to_csv(held_out, index=False)
    findings = {"accuracy by gold": (margins > 0).eq(first_preferred(other, 0), axis=0).mean().tolist()}
    if label is not None:
        rated = labelled(snippets, "validation", label)
        ratings = rated["label"].to_numpy(dtype=float)
        of_heads = outputs(classifier, tokens, list(rated["text"])).numpy().T
        findings |= {"agreement with people": [measure_for(ratings)(scores, ratings) for scores in of_heads]}
    print(f"each head's agreement with held-out human ratings, and with the gold reward on held-out pairs: {findings}")
    report.write_text(json.dumps(findings, indent=2) + "\n")
    save_classifier(classifier, model)
    tokens.save_pretrained(model)


def as_pairs(table: pd.DataFrame, first: pd.Series, tokens: PreTrainedTokenizerFast) -> Dataset:
    """Tokens of the text that the label prefers and of the other. first: whether it prefers the first."""
    texts = {"chosen_ids": table["first"].where(first, table["second"])}
    texts["rejected_ids"] = table["second"].where(first, table["first"])
    return Dataset.from_dict({name: tokens(list(column))["input_ids"] for name, column in texts.items()})


def keep_scale(classifier: PreTrainedModel, scores) -> None:
    """Keeps mean and spread of each head in the model's configuration, for `lib.reward_models.ensembles.Classifier`."""
    classifier.config.reward_mean = scores.mean(0).tolist()
    classifier.config.reward_std = scores.std(0).tolist()


if __name__ == "__main__":
    run(train_proxy)
