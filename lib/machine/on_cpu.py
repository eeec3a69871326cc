"""What a large frozen model with adapters costs on a CPU, mended in one place (benchmarks/rl_step.py measures it).

Where all weights learn, or on a GPU, nothing is changed. `lib.policies.sampling` avoids a further such cost, that of
torch.multinomial over a large vocabulary, everywhere.
"""

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel


def mend(model: PreTrainedModel) -> None:
    """Makes a frozen model fast on a CPU, by two changes that leave what it computes as it is.

    1. At a few dozen tokens plain attention is faster than the fused one, in the backward pass above all.
    2. Some positions cut out of a sequence are no contiguous tensor, and a language model's product with a frozen
       matrix then expands the matrix for each text of the batch. They are copied first.
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

    TRL's own computes them piece by piece, and again in the backward pass, to save memory that a GPU may lack.
    """
    output = model(input_ids=ids, attention_mask=mask, logits_to_keep=length + 1, use_cache=False)
    everywhere = torch.log_softmax(output.logits[:, :-1].float() / temperature, -1)
    of_tokens = everywhere.gather(-1, ids[:, -length:].unsqueeze(-1)).squeeze(-1)
    if not entropy:
        return of_tokens, None
    with torch.no_grad():
        return of_tokens, -(everywhere.exp() * everywhere).sum(-1)
