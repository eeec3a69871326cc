"""Train a proxy on preferences: θ_pre with K heads, its encoder trained or frozen (Scalable Ensembling).

Its report has each head's agreement with held-out human ratings and its accuracy on held-out pairs.
"""

import json
from pathlib import Path

import pandas as pd
from datasets import Dataset
from transformers import PreTrainedTokenizerFast

from lib.data.human_labels import Label
from lib.jobs.arguments import Output
from lib.jobs.checkpoints import Checkpoints
from lib.jobs.command_line import run
from lib.machine.compute import Compute
from lib.models.loading import tokenizer
from lib.reward_models.classifiers import save_classifier
from lib.reward_models.heads import bootstrap_weights
from lib.reward_models.held_out_pairs import judged, pairs_of
from lib.reward_models.pair_training import tokens_of_pairs, trained_heads
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
    """label, held_out: `lib.reward_models.held_out_pairs.judged`. flipped: the share of pairs whose label is wrong."""
    train = pairs_of(preferences, "train")
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
    margins, findings = judged(classifier, tokens, pairs_of(preferences, "validation"), snippets, label, flipped)
    margins.to_csv(held_out, index=False)
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
