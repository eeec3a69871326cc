"""What a checkpoint of the trainer leaves out: weights that are not the policy's."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback

from lib.weights import Weights


class SavedBeside(TrainerCallback):
    """Saves tensors beside each checkpoint, and reads them back when a run goes on.

    tensors: in float32, and no part of the policy. file: their name in the checkpoint's directory.
    """

    def __init__(self, tensors: Weights, file: str) -> None:
        self.tensors, self.file = tensors, file

    def on_save(self, args, state, control, **kwargs) -> None:
        """Saves the tensors with the checkpoint that was just written."""
        save_file(dict(self.tensors), Path(args.output_dir, f"checkpoint-{state.global_step}", self.file))

    @torch.no_grad()
    def read(self, checkpoint: str) -> None:
        """Reads the tensors back."""
        for name, saved in load_file(Path(checkpoint, self.file)).items():
            self.tensors[name].copy_(saved)
