"""State that the trainer's checkpoints lack: tensors outside the policy, and the order of the data in an epoch."""

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.utils.data import Sampler
from transformers import Trainer, TrainerCallback

from lib.merges.task_vectors import Weights


class SavedBeside(TrainerCallback):
    """Saves further tensors with each checkpoint, and reads them when training resumes.

    tensors: in float32, not part of the policy. file: its name in the checkpoint's directory.
    """

    def __init__(self, tensors: Weights, file: str) -> None:
        self.tensors, self.file = tensors, file

    def on_save(self, args, state, control, **kwargs) -> None:
        """Saves the tensors in the new checkpoint, once: they are equal in all processes."""
        if not state.is_world_process_zero:
            return
        save_file(dict(self.tensors), Path(args.output_dir, f"checkpoint-{state.global_step}", self.file))

    @torch.no_grad()
    def read(self, checkpoint: str) -> None:
        """Reads the tensors from a checkpoint."""
        for name, saved in load_file(Path(checkpoint, self.file)).items():
            self.tensors[name].copy_(saved)


class TrainedBeside(SavedBeside):
    """A module that is trained with the policy. The trainer itself resets the gradients of the policy alone."""

    def __init__(self, module: nn.Module, file: str) -> None:
        super().__init__(dict(module.named_parameters()), file)
        self.module = module

    def on_optimizer_step(self, args, state, control, **kwargs) -> None:
        """Resets the gradients of the module."""
        self.module.zero_grad()


class OrderedByEpoch(Sampler):
    """A sampler whose order after the first epoch depends on the seed and the number of the epoch alone.

    If it depended on what was drawn before, a training that resumes in a later epoch would see another order.
    """

    def __init__(self, sampler: Sampler, trainer: Trainer) -> None:
        self.sampler, self.trainer = sampler, trainer

    def __iter__(self) -> Iterator[int]:
        if epoch := int(self.trainer.state.epoch or 0):
            self.sampler.generator = torch.Generator().manual_seed(self.trainer.args.seed + epoch)
        return iter(self.sampler)

    def __len__(self) -> int:
        return len(self.sampler)
