"""Train a proxy on preferences: θ_pre with K heads, its encoder trained or frozen (Scalable Ensembling).

Its report has each head's agreement with held-out human ratings and its accuracy on held-out pairs.
"""

import json
from pathlib import Path

import pandas as pd
import torch
from datasets import Dataset
from transformers import PreTrainedTokenizerFast

from lib.data.human_labels import Label, labelled
from lib.jobs.arguments import Output
from lib.jobs.checkpoints import Checkpoints
from lib.jobs.command_line import run
from lib.machine.compute import Compute
from lib.models.loading import tokenizer
from lib.reward_models.agreement import measure_for
from lib.reward_models.classifiers import save_classifier
from lib.reward_models.ensembles import outputs
from lib.reward_models.heads import bootstrap_weights
from lib.reward_models.pair_training import keep_scale, tokens_of_pairs, trained_heads
from lib.reward_models.pairs import first_preferred


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
    warmup_steps: int,
    clip_norm: float,
    lora: dict | None,
    compute: dict,
    seed: int,
) -> None:
    """label: the human label that the gold reward was fitted on, or None if it was not. held_out: for each pair of the
    validation split, the `label` (whether the first is better, with label noise) and each head's `margin_k` between the
    two, not standardised.
    """
    pairs = pd.read_json(preferences, lines=True, dtype={"first": str, "second": str})
    train, validation = (pairs[pairs["split"] == split].reset_index(drop=True) for split in ("train", "validation"))
    tokens = tokenizer(base)
    weights = bootstrap_weights(len(train), heads, seed) if bootstrap else [[1] * heads] * len(train)
    dataset = as_pairs(train, first_preferred(train, flipped), tokens).add_column("weights", weights)
    classifier = trained_heads(
        base,
        dataset,
        tokens,
        checkpoints,
        Compute.of(compute),
        heads=heads,
        frozen=frozen,
        lora=lora,
        batch_size=batch_size,
        parts=parts,
        seed=seed,
        num_train_epochs=epochs,
        learning_rate=learning_rate,
        warmup_steps=warmup_steps,
        max_grad_norm=clip_norm,
    )
    first, second = (outputs(classifier, tokens, list(validation[place])) for place in ("first", "second"))
    keep_scale(classifier, torch.cat([first, second]), "reward_ensembles")
    margins = pd.DataFrame((first - second).numpy(), columns=[f"margin_{k}" for k in range(heads)])
    margins.assign(label=first_preferred(validation, flipped)).to_csv(held_out, index=False)
    findings = {"accuracy by gold": (margins > 0).eq(first_preferred(validation, 0), axis=0).mean().tolist()}
    if label is not None:
        rated = labelled(snippets, "validation", label)
        ratings = rated["label"].to_numpy(dtype=float)
        scores_by_head = outputs(classifier, tokens, list(rated["text"])).numpy().T
        findings |= {"agreement with people": [measure_for(ratings)(scores, ratings) for scores in scores_by_head]}
    print(f"each head's agreement with held-out human ratings, and with the gold reward on held-out pairs: {findings}")
    report.write_text(json.dumps(findings, indent=2) + "\n")
    save_classifier(classifier, model)
    tokens.save_pretrained(model)


def as_pairs(table: pd.DataFrame, first: pd.Series, tokens: PreTrainedTokenizerFast) -> Dataset:
    """Tokens of the preferred text and of the other. first: whether the label prefers the first."""
    chosen = table["first"].where(first, table["second"])
    rejected = table["second"].where(first, table["first"])
    return tokens_of_pairs(list(chosen), list(rejected), tokens)


if __name__ == "__main__":
    run(train_proxy)
