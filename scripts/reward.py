"""Train a reward model on human labels: θ_pre with one output, least squares on the standardised label.

Its agreement with the labels of held-out texts is reported.
"""

from pathlib import Path

from datasets import Dataset
from transformers import DataCollatorWithPadding, Trainer, TrainingArguments, set_seed

from lib.data.human_labels import Label, labelled
from lib.jobs.arguments import Output
from lib.jobs.checkpoints import Checkpoints
from lib.jobs.command_line import run
from lib.machine.compute import Compute
from lib.models.loading import tokenizer
from lib.reward_models.agreement import report_agreement
from lib.reward_models.classifiers import new_classifier, save_classifier
from lib.reward_models.ensembles import outputs
from lib.training.settings import Resumable, WarmedUp, print_progress, resumable, shared, train_from_last


class Grouped(Resumable, WarmedUp, Trainer):
    """The trainer of transformers, resumable."""


def train_reward(
    base: Path,
    snippets: Path,
    model: Output,
    report: Output,
    checkpoints: Checkpoints,
    *,
    label: Label,
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
    train, held_out = (labelled(snippets, split, label) for split in ("train", "validation"))
    tokens, machine = tokenizer(base), Compute.of(compute)
    set_seed(seed)  # for the new output layer, which is initialised here and not by the trainer
    classifier = new_classifier(base, lora, machine, num_labels=1, problem_type="regression")
    examples = tokens(list(train["text"])) | {"label": list(train["standardised"])}
    config = TrainingArguments(
        num_train_epochs=epochs,
        train_sampling_strategy="group_by_length",
        learning_rate=learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=warmup_steps,
        max_grad_norm=clip_norm,
        seed=seed,
        logging_steps=10,
        **(shared(machine, lora is not None, batch_size, parts) | resumable(checkpoints)),
    )
    trainer = Grouped(
        model=classifier,
        args=config,
        train_dataset=Dataset.from_dict(examples),
        data_collator=DataCollatorWithPadding(tokens),
    )
    trainer.model_accepts_loss_kwargs = (
        False  # its loss is a mean over a part of the batch, so the trainer divides by the parts
    )
    print_progress(trainer, {"loss": "loss"})
    train_from_last(trainer, checkpoints)
    classifier.eval()
    report_agreement(report, lambda texts: outputs(classifier, tokens, texts)[:, 0].tolist(), train, held_out)
    save_classifier(classifier, model)
    tokens.save_pretrained(model)


if __name__ == "__main__":
    run(train_reward)
