"""Averages of a policy's weights along its training: the moving anchor of the KL term, and the mean of checkpoints."""

import math

import torch
from peft import PeftModel
from transformers import PreTrainedModel

from lib.merges.linear import ema
from lib.models.lora_in_memory import deltas, with_dense_deltas
from lib.models.weights import weights_of
from lib.training.beside_checkpoints import SavedBeside


class MovingAnchor(SavedBeside):
    """θ_ema ← (1 − μ) θ_ema + μ θ after every optimiser step (WARP, algorithm 1).

    anchor: a model in float32, changed in place. For a LoRA policy: a LoRA model on the same base model, whose Δ = B A
    are averaged exactly in float32. The average has no low rank, so the anchor is `model`, with dense Δ, from then on.
    """

    def __init__(self, anchor: PreTrainedModel | PeftModel, policy: PreTrainedModel | PeftModel, mu: float) -> None:
        if isinstance(anchor, PeftModel):
            self.model, moving = with_dense_deltas(anchor)
            self.current = deltas
        else:
            self.model, moving = anchor, dict(anchor.named_parameters())
            self.current = weights_of
        super().__init__(moving, "anchor.safetensors")
        self.policy, self.mu = policy, mu

    def on_step_end(self, args, state, control, **kwargs) -> None:
        """Moves the anchor."""
        ema(self.tensors, self.current(self.policy), self.mu)


class CheckpointAverage(SavedBeside):
    """The uniform average of the policy's weights after 1/4, 1/2, 3/4 and all of its steps (WARP's baseline for W-5).

    policy: all weights are trained. steps: of the optimiser, in all. The average is kept beside the CPU.
    """

    def __init__(self, policy: PreTrainedModel, steps: int) -> None:
        nothing = {name: torch.zeros_like(tensor, device="cpu") for name, tensor in weights_of(policy).items()}
        super().__init__(nothing, "average.safetensors")
        self.policy = policy
        self.quarters = sorted({math.ceil(steps * quarter / 4) for quarter in (1, 2, 3, 4)})  # fewer, of few steps

    def on_step_end(self, args, state, control, **kwargs) -> None:
        """Takes the weights in, where a quarter is over: the share of the n-th in the average of n is 1/n."""
        if state.global_step in self.quarters:
            weights = {name: tensor.cpu() for name, tensor in weights_of(self.policy).items()}
            ema(self.tensors, weights, 1 / (1 + self.quarters.index(state.global_step)))
