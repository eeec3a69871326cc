"""Speed of a large frozen model with adapters on a CPU (measured by benchmarks/rl_step.py).

Models whose weights are all trained, and models on a GPU, are not changed. `lib.policies.sampling` saves another cost
on every device: that of torch.multinomial over a large vocabulary.
"""

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel


def speed_up(model: PreTrainedModel) -> None:
    """Makes a frozen model fast on a CPU, by two changes that do not change its results.

    1. At a few dozen tokens eager attention is faster than fused attention, most of all in the backward pass.
    2. A slice of the hidden states along the sequence is not contiguous. The product with the frozen output matrix
       would then copy that matrix for each text of the batch, so the slice is copied first.
    """
    if model.device.type == "cpu":
        model.set_attn_implementation("eager")
        if (head := model.get_output_embeddings()) is not None:
            head.register_forward_pre_hook(_contiguous)


def _contiguous(head: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(tensor.contiguous() for tensor in inputs)


def token_log_probabilities(
    model: nn.Module, ids: Tensor, mask: Tensor, length: int, temperature: float, entropy: bool
) -> tuple[Tensor, Tensor | None]:
    """log π of each of the last `length` tokens at a temperature, and the entropy there, (batch, length) each.

    TRL's own function computes them in chunks, and again in the backward pass, to save GPU memory.
    """
    output = model(input_ids=ids, attention_mask=mask, logits_to_keep=length + 1, use_cache=False)
    log_probs = torch.log_softmax(output.logits[:, :-1].float() / temperature, -1)
    of_tokens = log_probs.gather(-1, ids[:, -length:].unsqueeze(-1)).squeeze(-1)
    if not entropy:
        return of_tokens, None
    with torch.no_grad():
        return of_tokens, -(log_probs.exp() * log_probs).sum(-1)
