"""The reference of the KL term that moves with the policy: WARP's exponential moving average."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PreTrainedModel, TrainerCallback

from lib.weights import weights

FILE = "anchor.safetensors"


@torch.no_grad()
def ema(anchor: Mapping[str, Tensor], policy: Mapping[str, Tensor], mu: float) -> None:
    """θ_ema ← (1 − μ) θ_ema + μ θ, in place (WARP, algorithm 1).

    The anchor has to be float32: in bfloat16 the small steps are lost in rounding.
    """
    for name, tensor in anchor.items():
        tensor.mul_(1 - mu).add_(policy[name].to(tensor.dtype), alpha=mu)


class MovingAnchor(TrainerCallback):
    """θ_ema ← (1 − μ) θ_ema + μ θ after every optimiser step (WARP, algorithm 1).

    anchor: a model in float32, changed in place. A policy in bfloat16, or one of LoRA factors on a
    frozen base, is averaged as the weights that it has, in float32.
    The anchor is saved beside the trainer's checkpoint and read from there when a run goes on.
    """

    def __init__(self, anchor: PreTrainedModel, policy: PreTrainedModel, mu: float) -> None:
        self.anchor, self.policy, self.mu = anchor, policy, mu

    def on_step_end(self, args, state, control, **kwargs) -> None:
        """Moves the anchor."""
        ema(dict(self.anchor.named_parameters()), weights(self.policy), self.mu)

    def on_save(self, args, state, control, **kwargs) -> None:
        """Saves the anchor with the checkpoint that was just written."""
        save_file(weights(self.anchor), Path(args.output_dir, f"checkpoint-{state.global_step}", FILE))

    @torch.no_grad()
    def read(self, checkpoint: str) -> None:
        """Reads the anchor back."""
        saved = load_file(Path(checkpoint, FILE))
        for name, parameter in self.anchor.named_parameters():
            parameter.copy_(saved[name])
