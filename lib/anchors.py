"""The reference of the KL term that moves with the policy: WARP's exponential moving average."""

from collections.abc import Mapping

import torch
from torch import Tensor
from transformers import PreTrainedModel

from lib.checkpoint_files import SavedBeside
from lib.weights import weights


@torch.no_grad()
def ema(anchor: Mapping[str, Tensor], policy: Mapping[str, Tensor], mu: float) -> None:
    """θ_ema ← (1 − μ) θ_ema + μ θ, in place (WARP, algorithm 1).

    The anchor has to be float32: in bfloat16 the small steps are lost in rounding.
    """
    for name, tensor in anchor.items():
        tensor.mul_(1 - mu).add_(policy[name].to(tensor.dtype), alpha=mu)


class MovingAnchor(SavedBeside):
    """θ_ema ← (1 − μ) θ_ema + μ θ after every optimiser step (WARP, algorithm 1).

    anchor: a model in float32, changed in place. A policy in bfloat16, or one of LoRA factors on a
    frozen base, is averaged as the weights that it has, in float32.
    """

    def __init__(self, anchor: PreTrainedModel, policy: PreTrainedModel, mu: float) -> None:
        super().__init__(anchor, "anchor.safetensors")
        self.policy, self.mu = policy, mu

    def on_step_end(self, args, state, control, **kwargs) -> None:
        """Moves the anchor."""
        ema(dict(self.module.named_parameters()), weights(self.policy), self.mu)
