"""Speed on a CPU (measured by benchmarks/rl_step.py). Models on a GPU are not changed.

`lib.policies.sampling` saves another cost on every device: that of torch.multinomial over a large vocabulary.
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


def next_token_log_probs(model: nn.Module, ids: Tensor, mask: Tensor, length: int, temperature: float) -> Tensor:
    """log π of the next token at each of the last `length` tokens at a temperature, (batch, length, vocabulary).

    TRL's own function computes those of the tokens that were drawn in chunks, and again in the backward pass, to save
    GPU memory.
    """
    logits = model(input_ids=ids, attention_mask=mask, logits_to_keep=length + 1, use_cache=False).logits
    return torch.log_softmax(tempered(logits[:, :-1].float(), temperature), -1)


def tempered(logits: Tensor, temperature: float) -> Tensor:
    """logits / temperature, without a copy at temperature 1."""
    return logits if temperature == 1 else logits / temperature
