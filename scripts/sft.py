"""Fine-tune θ_pre to complete prompts: one of the SFT pair (SALSA), on TRL's SFT trainer."""

import json
from pathlib import Path

from datasets import Dataset
from transformers import Trainer
from trl import SFTConfig, SFTTrainer

from lib.data.prompts import prompts
from lib.data.prompts import snippets as read_snippets
from lib.jobs.arguments import Output
from lib.jobs.checkpoints import Checkpoints
from lib.jobs.command_line import run
from lib.machine.compute import Compute, logits_fit
from lib.models.language_models import bits_per_byte
from lib.models.loading import learner, save, tokenizer
from lib.training.settings import Resumable, WarmedUp, print_progress, resumable, shared, train_from_last


class Grouped(Resumable, WarmedUp, SFTTrainer):
    """TRL's trainer, resumable, and faster on a CPU."""

    def compute_loss(self, model, inputs, *args, **kwargs):
        """On a CPU with the model's own loss. TRL computes logits twice, to save GPU memory."""
        config = self.accelerator.unwrap_model(model).config.get_text_config()
        ids = inputs["input_ids"]
        if ids.device.type == "cpu" and logits_fit(ids.numel(), config.vocab_size):
            return Trainer.compute_loss(self, model, inputs | {"use_cache": False}, *args, **kwargs)
        return super().compute_loss(model, inputs, *args, **kwargs)


def fine_tune(
    base: Path,
    snippets: Path,
    model: Output,
    report: Output,
    checkpoints: Checkpoints,
    *,
    prompt_words: int | None,
    left_out: str | None,
    texts: int,
    epochs: float,
    half: int | None,
    batch_size: int,
    parts: int,
    learning_rate: float,
    warmup_steps: int,
    clip_norm: float,
    lora: dict | None,
    compute: dict,
    seed: int,
) -> None:
    """half: 0 or 1, of twice as many texts, so that the pair learns from disjoint ones; None: both from the same."""
    machine = Compute.of(compute)
    policy, tokens = learner(base, lora, seed, machine), tokenizer(base)
    examples = prompts(snippets, "train", prompt_words, left_out)[["prompt", "completion"]]
    examples = examples[examples["completion"].str.strip() != ""]  # a prompt alone would teach empty completions
    of_both = texts if half is None else 2 * texts
    if of_both > len(examples):
        raise ValueError(f"sft.texts: there are {len(examples)} texts with a completion to train on, not {of_both}")
    examples = examples.sample(of_both, random_state=0)
    examples = (examples if half is None else examples[half::2]).reset_index(drop=True)
    config = SFTConfig(
        num_train_epochs=epochs,
        train_sampling_strategy="group_by_length",
        learning_rate=learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=warmup_steps,
        max_grad_norm=clip_norm,
        seed=seed,
        logging_steps=10,
        max_length=None,  # TRL would cut longer texts in silence
        **(shared(machine, lora is not None, batch_size, parts) | resumable(checkpoints)),
    )
    trainer = Grouped(model=policy, args=config, train_dataset=Dataset.from_pandas(examples), processing_class=tokens)
    print_progress(trainer, {"loss": "loss"})
    train_from_last(trainer, checkpoints)
    policy.eval()
    bits = bits_per_byte(policy, tokens, list(read_snippets(snippets, "validation")["text"]))
    print(f"bits per byte on the validation split: {bits:.3f}")
    save(policy, tokens, base, model)
    report.write_text(json.dumps({"bits per byte, validation": bits}, indent=2) + "\n")


if __name__ == "__main__":
    run(fine_tune)
