"""What the trainers of SFT, rewards and policies have in common."""

from collections.abc import Mapping

import torch
from accelerate import PartialState
from torch.utils.data import Sampler
from transformers import PrinterCallback, Trainer, TrainerCallback
from transformers.trainer_pt_utils import LengthGroupedSampler

from lib.jobs.checkpoints import Checkpoints, step_of
from lib.machine.compute import Compute
from lib.machine.processes import share
from lib.training.beside_checkpoints import OrderedByEpoch


def shared(compute: Compute, lora: bool, batch: int, parts: int = 1) -> dict[str, object]:
    """Settings of all trainers. lora: whether what learns lies over frozen weights, which have their type already.

    batch: of a step of the optimiser; it goes through the model in `parts` of equal size, to save memory, each of which
    the processes share.
    """
    processes = share().count
    if batch % (parts * processes):
        raise ValueError(f"a batch of {batch} does not fall into {parts} parts for each of {processes} processes")
    return {
        "per_device_train_batch_size": batch // parts // processes,
        "gradient_accumulation_steps": parts,
        "use_cpu": compute.device.type == "cpu",
        "bf16": compute.dtype == torch.bfloat16 and not lora,
        "gradient_checkpointing": False,
        "disable_tqdm": True,
        "save_strategy": "no",
        "report_to": "none",
    }


class Resumable:
    """Of a trainer that goes on in any epoch, with the same batches in however many processes."""

    def _get_train_sampler(self, *args, **kwargs) -> Sampler:
        sampler = super()._get_train_sampler(*args, **kwargs)
        if isinstance(sampler, LengthGroupedSampler):  # made for the batches of one process
            sampler.batch_size *= share().count
        return OrderedByEpoch(sampler, self)


def resumable(checkpoints: Checkpoints, steps: int = 1) -> dict[str, object]:
    """Settings of trainers that `train_from_last` trains. steps: of the optimiser, for each that the job counts."""
    return {
        "output_dir": str(checkpoints.folder),
        "save_strategy": "steps",
        "save_steps": checkpoints.every * steps,
        "save_total_limit": 2,  # the one before is whole while the last is written
    }


class Seal(TrainerCallback):
    """Seals each checkpoint when all of it is written: it has to be the last of the callbacks."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self.checkpoints = checkpoints

    def on_train_begin(self, args, state, control, **kwargs) -> None:
        """Has checkpoints written as often as is said now, not as it was said when the last was written."""
        state.save_steps = args.save_steps

    def on_step_end(self, args, state, control, **kwargs) -> None:
        """Has none written at the end, from where the trainer would go on by a step too many."""
        control.should_save &= state.global_step < state.max_steps

    def on_save(self, args, state, control, **kwargs) -> None:
        """Seals the checkpoint that was just written, by all processes."""
        PartialState().wait_for_everyone()
        if state.is_world_process_zero:
            self.checkpoints.seal(self.checkpoints.folder / f"checkpoint-{state.global_step}")


def train_from_last(trainer: Trainer, checkpoints: Checkpoints) -> None:
    """Trains, from the last checkpoint of this training on if it was interrupted; the result is the same."""
    with trainer.accelerator.main_process_first():  # which removes what is of another training
        last = checkpoints.last()
    if last is not None:
        print(f"going on after step {step_of(last)}")
    trainer.add_callback(Seal(checkpoints))
    trainer.train(resume_from_checkpoint=last and str(last))


class PrintProgress(TrainerCallback):
    """Prints `step 20/80  reward 0.31  entropy 0.8` for entries of the trainer's log, where it has the first of them.

    entries: what each is called, by its name in the log.
    """

    def __init__(self, entries: Mapping[str, str]) -> None:
        self.entries = entries

    def on_log(self, args, state, control, logs=None, **kwargs) -> None:
        """Prints the entries that this line of the log has."""
        found = [f"{label} {float(logs[name]):.3f}" for name, label in self.entries.items() if name in logs]
        if next(iter(self.entries)) in logs:
            print(f"step {state.global_step}/{state.max_steps}  " + "  ".join(found))


def print_progress(trainer: Trainer, entries: Mapping[str, str]) -> None:
    """Has the trainer print these entries and nothing else."""
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(PrintProgress(entries))
