"""The moving anchor of the KL term: WARP's exponential moving average of the policy."""

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
