"""What a checkpoint of the trainer leaves out: weights that are not the policy's."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import TrainerCallback

from lib.weights import set_weights, weights


class SavedBeside(TrainerCallback):
    """Saves a module's weights beside each checkpoint, and reads them back when a run goes on.

    module: in float32, and no part of the policy. file: its name in the checkpoint's directory.
    """

    def __init__(self, module: nn.Module, file: str) -> None:
        self.module, self.file = module, file

    def on_save(self, args, state, control, **kwargs) -> None:
        """Saves the module with the checkpoint that was just written."""
        save_file(weights(self.module), Path(args.output_dir, f"checkpoint-{state.global_step}", self.file))

    @torch.no_grad()
    def read(self, checkpoint: str) -> None:
        """Reads the module's weights back."""
        set_weights(self.module, load_file(Path(checkpoint, self.file)))
