"""What the trainers of SFT, rewards and policies have in common."""

from collections.abc import Sequence

import torch
from transformers import PrinterCallback, TrainerCallback

from lib.compute import Compute


def shared(compute: Compute, lora: bool, batch: int, parts: int = 1) -> dict[str, object]:
    """Settings of all trainers. lora: whether what learns lies over frozen weights, which have their type already.

    batch: of a step of the optimiser; it goes through the model in `parts` of equal size, to save memory.
    """
    return {
        "per_device_train_batch_size": batch // parts,
        "gradient_accumulation_steps": parts,
        "use_cpu": compute.device.type == "cpu",
        "bf16": compute.dtype == torch.bfloat16 and not lora,
        "gradient_checkpointing": False,
        "disable_tqdm": True,
        "save_strategy": "no",
        "report_to": "none",
    }


class PrintProgress(TrainerCallback):
    """Prints `step 20/80  reward 0.31  kl 0.8` for the named entries of the trainer's log, where it has the first."""

    def __init__(self, entries: Sequence[str]) -> None:
        self.entries = entries

    def on_log(self, args, state, control, logs=None, **kwargs) -> None:
        """Prints the entries that this line of the log has."""
        found = [f"{name.removesuffix('/mean')} {float(logs[name]):.3f}" for name in self.entries if name in logs]
        if self.entries[0] in logs:
            print(f"step {state.global_step}/{state.max_steps}  " + "  ".join(found))


def print_progress(trainer, entries: Sequence[str]) -> None:
    """Has the trainer print the named entries and nothing else."""
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(PrintProgress(entries))
