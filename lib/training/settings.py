"""Settings of all trainers, their warm-up, checkpoints from which they resume, and progress in the log."""

from collections.abc import Mapping
from functools import partial

import torch
from accelerate import PartialState
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import Sampler
from transformers import PrinterCallback, Trainer, TrainerCallback
from transformers.trainer_pt_utils import LengthGroupedSampler

from lib.jobs.checkpoints import Checkpoints, step_of
from lib.machine.compute import Compute
from lib.machine.processes import share
from lib.training.beside_checkpoints import OrderedByEpoch


def shared(compute: Compute, lora: bool, batch: int, parts: int = 1) -> dict[str, object]:
    """Settings of all trainers.

    lora: whether adapters are trained; their base model is already in the type of `compute`.
    batch: examples per optimiser step, over all processes. parts: steps of gradient accumulation, which save memory.
    Raises ValueError if the batch cannot be divided into equal parts.
    """
    processes = share().count
    if batch % (parts * processes):
        raise ValueError(f"a batch of {batch} cannot be divided into {parts} parts for each of {processes} processes")
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


DECAYS = {"constant_with_warmup": False, "linear": True}  # by lr_scheduler_type


def share_of_rate(step: int, warmup: int, steps: int, decays: bool) -> float:
    """The share of the learning rate at an optimiser step, from 0: rising, then 1 or a line to 0 after the last of all.

    It is 1 once `warmup` steps are done. transformers' warm-up begins at 0: its first step changes nothing.
    """
    rising = min(1.0, (step + 1) / (warmup + 1))
    return min(rising, (steps - step) / max(1, steps - warmup)) if decays else rising


class WarmedUp:
    """A trainer whose learning rate is `share_of_rate` of that in its settings."""

    def create_scheduler(self, num_training_steps: int, optimizer: Optimizer | None = None) -> LambdaLR:
        """In place of transformers' own."""
        if self.lr_scheduler is None:
            warmup, decays = self.args.get_warmup_steps(num_training_steps), DECAYS[self.args.lr_scheduler_type]
            share = partial(share_of_rate, warmup=warmup, steps=num_training_steps, decays=decays)
            self.lr_scheduler = LambdaLR(optimizer or self.optimizer, share)
            self._created_lr_scheduler = True  # so that another training begins with another
        return self.lr_scheduler


class Resumable:
    """A trainer that can resume in any epoch, with the same batches in any number of processes."""

    def _get_train_sampler(self, *args, **kwargs) -> Sampler:
        sampler = super()._get_train_sampler(*args, **kwargs)
        if isinstance(sampler, LengthGroupedSampler):  # it takes the batch of one process for the whole
            sampler.batch_size *= share().count
        return OrderedByEpoch(sampler, self)


def resumable(checkpoints: Checkpoints, steps: int = 1) -> dict[str, object]:
    """Settings of trainers that `train_from_last` runs. steps: optimiser steps per step of the job."""
    return {
        "output_dir": str(checkpoints.folder),
        "save_strategy": "steps",
        "save_steps": checkpoints.every * steps,
        "save_total_limit": 2,  # the previous one is complete while the last is written
    }


class Seal(TrainerCallback):
    """Marks each checkpoint as complete when all of it is written. It has to be the last callback."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self.checkpoints = checkpoints

    def on_train_begin(self, args, state, control, **kwargs) -> None:
        """Takes the interval of checkpoints from the current settings; resuming would restore the old one."""
        state.save_steps = args.save_steps

    def on_step_end(self, args, state, control, **kwargs) -> None:
        """Writes no checkpoint at the end: the trainer would resume from it with one step too many."""
        control.should_save &= state.global_step < state.max_steps

    def on_save(self, args, state, control, **kwargs) -> None:
        """Seals the new checkpoint once all processes have written their part."""
        PartialState().wait_for_everyone()
        if state.is_world_process_zero:
            self.checkpoints.seal(self.checkpoints.folder / f"checkpoint-{state.global_step}")


def train_from_last(trainer: Trainer, checkpoints: Checkpoints) -> None:
    """Trains, from the last checkpoint if there is one. The result is the same as without the interruption.

    Raises ValueError where the trainer ends before it has made all steps.
    """
    with trainer.accelerator.main_process_first():  # it removes checkpoints of other trainings
        last = checkpoints.last()
    if last is not None:
        print(f"going on after step {step_of(last)}")
    trainer.add_callback(Seal(checkpoints))
    trainer.train(resume_from_checkpoint=last and str(last))
    made, asked = trainer.state.global_step, trainer.state.max_steps
    if asked < 1 or made != asked:  # a trainer whose batch exceeds its data makes no step, and says nothing
        raise ValueError(f"the training made {made} steps, not {asked}: are there fewer data than a batch needs?")


class PrintProgress(TrainerCallback):
    """Prints lines such as `step 20/80  reward 0.310  entropy 0.800` from the trainer's log.

    entries: the printed names, by the names in the log. Records without the first entry are skipped.
    """

    def __init__(self, entries: Mapping[str, str]) -> None:
        self.entries = entries

    def on_log(self, args, state, control, logs=None, **kwargs) -> None:
        """Prints the entries that are in this record of the log."""
        printed = [f"{label} {float(logs[name]):.3f}" for name, label in self.entries.items() if name in logs]
        if next(iter(self.entries)) in logs:
            print(f"step {state.global_step}/{state.max_steps}  " + "  ".join(printed))


def print_progress(trainer: Trainer, entries: Mapping[str, str]) -> None:
    """Makes the trainer print these entries and nothing else."""
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(PrintProgress(entries))
