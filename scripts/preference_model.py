"""Train a reward model on people's preferences: θ_pre with K heads, its encoder trained or frozen (Bradley–Terry)."""

import json
from pathlib import Path

import pandas as pd
import torch

from lib.jobs.arguments import Output
from lib.jobs.checkpoints import Checkpoints
from lib.jobs.command_line import run
from lib.machine.compute import Compute
from lib.models.loading import tokenizer
from lib.reward_models.classifiers import save_classifier
from lib.reward_models.ensembles import outputs
from lib.reward_models.pair_training import fitting, keep_scale, tokens_of_pairs, trained_heads

TEXTS = ("group", "prompt", "chosen", "rejected")


def train_on_preferences(
    base: Path,
    pairs: Path,
    model: Output,
    report: Output,
    held_out: Output,
    checkpoints: Checkpoints,
    *,
    heads: int,
    frozen: bool,
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
    """held_out: for each pair of the validation split, `group` (the number of its prompt), `tie`, and each head's
    output for the two texts, `chosen_k` and `rejected_k`, not standardised. report: what the outputs are standardised
    by, and how many pairs were left out because a text is longer than the context of θ_pre.
    """
    table = pd.read_json(pairs, lines=True, dtype=dict.fromkeys(TEXTS, str))
    tokens = tokenizer(base)
    found = table[table["split"] != "test"]
    kept = found[fitting(base, tokens, found["chosen"]) & fitting(base, tokens, found["rejected"])]
    train, validation = (kept[kept["split"] == split] for split in ("train", "validation"))
    if train.empty or validation.empty:
        raise ValueError(f"{pairs}: all pairs of a split are longer than the context of {base}")
    dataset = tokens_of_pairs(list(train["chosen"]), list(train["rejected"]), tokens)
    for name, column in {"weights": [[1] * heads] * len(train), "margin": train["margin"], "tie": train["tie"]}.items():
        dataset = dataset.add_column(name, list(column))
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
    scores = {side: outputs(classifier, tokens, list(validation[side])) for side in ("chosen", "rejected")}
    keep_scale(classifier, torch.cat(list(scores.values())), "reward_model")
    columns = {f"{side}_{k}": of_side[:, k].tolist() for side, of_side in scores.items() for k in range(heads)}
    group, _ = pd.factorize(validation["group"])
    pd.DataFrame({"group": group, "tie": validation["tie"].tolist()} | columns).to_csv(held_out, index=False)
    scale = {"mean": classifier.config.reward_mean, "std": classifier.config.reward_std}
    report.write_text(json.dumps(scale | {"too long": len(found) - len(kept)}, indent=2) + "\n")
    save_classifier(classifier, model)
    tokens.save_pretrained(model)


if __name__ == "__main__":
    run(train_on_preferences)
