"""What a checkpoint of the trainer leaves out: weights that are not the policy's, and the order of an epoch."""

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.utils.data import Sampler
from transformers import Trainer, TrainerCallback

from lib.merges.task_vectors import Weights


class SavedBeside(TrainerCallback):
    """Saves tensors beside each checkpoint, and reads them back when a run goes on.

    tensors: in float32, and no part of the policy. file: their name in the checkpoint's directory.
    """

    def __init__(self, tensors: Weights, file: str) -> None:
        self.tensors, self.file = tensors, file

    def on_save(self, args, state, control, **kwargs) -> None:
        """Saves the tensors with the checkpoint that was just written; they are the same in all processes."""
        if not state.is_world_process_zero:
            return
        save_file(dict(self.tensors), Path(args.output_dir, f"checkpoint-{state.global_step}", self.file))

    @torch.no_grad()
    def read(self, checkpoint: str) -> None:
        """Reads the tensors back."""
        for name, saved in load_file(Path(checkpoint, self.file)).items():
            self.tensors[name].copy_(saved)


class TrainedBeside(SavedBeside):
    """A module that learns with the policy: the trainer forgets the gradients of the policy alone."""

    def __init__(self, module: nn.Module, file: str) -> None:
        super().__init__(dict(module.named_parameters()), file)
        self.module = module

    def on_optimizer_step(self, args, state, control, **kwargs) -> None:
        """Forgets the gradients that were just used."""
        self.module.zero_grad()


class OrderedByEpoch(Sampler):
    """A sampler's order, which in epochs after the first follows from the seed and the number of the epoch alone: a
    training that goes on in one of them would meet another order where it followed from what was drawn before.
    """

    def __init__(self, sampler: Sampler, trainer: Trainer) -> None:
        self.sampler, self.trainer = sampler, trainer

    def __iter__(self) -> Iterator[int]:
        if epoch := int(self.trainer.state.epoch or 0):
            self.sampler.generator = torch.Generator().manual_seed(self.trainer.args.seed + epoch)
        return iter(self.sampler)

    def __len__(self) -> int:
        return len(self.sampler)
