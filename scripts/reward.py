"""Train a reward model on human labels: θ_pre with one output, least squares on the standardised label.

A reward is therefore in standard deviations of its label over the training texts, and rewards of
different labels can be added. Its agreement with the labels of held-out texts is reported.
"""

import json
from pathlib import Path

from datasets import Dataset
from transformers import (
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
    set_seed,
)

from lib.agreement import agreement
from lib.rewards import TrainedReward
from scripts.command_line import Output, run
from scripts.reading import labelled, tokenizer
from scripts.reading import snippets as read_snippets
from scripts.training import TRAINER, print_progress


def train_reward(
    base: Path,
    snippets: Path,
    model: Output,
    report: Output,
    *,
    label: str | dict[str, float],
    epochs: float,
    batch_size: int,
    learning_rate: float,
    seed: int,
) -> None:
    train, held_out = (labelled(read_snippets(snippets, split), label) for split in ("train", "validation"))
    mean, spread = train["label"].mean(), train["label"].std()
    tokens = tokenizer(base)
    set_seed(seed)  # of the new output layer, which is drawn here and not by the trainer
    classifier = AutoModelForSequenceClassification.from_pretrained(base, num_labels=1, problem_type="regression")
    examples = tokens(list(train["text"])) | {"label": list((train["label"] - mean) / spread)}
    config = TrainingArguments(
        output_dir=str(model),
        num_train_epochs=epochs,
        per_device_train_batch_size=batch_size,
        train_sampling_strategy="group_by_length",
        learning_rate=learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=50,
        seed=seed,
        logging_steps=50,
        **TRAINER,
    )
    trainer = Trainer(
        model=classifier,
        args=config,
        train_dataset=Dataset.from_dict(examples),
        data_collator=DataCollatorWithPadding(tokens),
    )
    print_progress(trainer, ["loss"])
    trainer.train()
    classifier.save_pretrained(model)
    tokens.save_pretrained(model)
    scores = TrainedReward(model).score(list(held_out["text"]))
    findings = agreement(scores, list(held_out["label"])) | {
        "texts": {"train": len(train), "validation": len(held_out)}
    }
    print(f"agreement with the human labels of the validation split: {findings}")
    report.write_text(json.dumps(findings, indent=2) + "\n")


if __name__ == "__main__":
    run(train_reward)
