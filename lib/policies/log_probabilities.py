"""Log-probabilities of the next token along completions."""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

Tokens = list[int]


@torch.inference_mode()
def next_token_log_probabilities(
    policies: Sequence[PreTrainedModel],
    weights: Sequence[float],
    prompts: Sequence[Tokens],
    completions: Sequence[Tokens],
    temperature: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Log-probabilities of the next token along completions, of the distribution that `sample` draws from.

    Returns them, (batch, length, vocabulary), and the padded tokens and their mask, (batch, length) each. The mask
    includes the end-of-text token.
    """
    pad, device = policies[0].config.pad_token_id, policies[0].device
    prompt_ids, prompt_mask = pad_left(prompts, pad, device)
    length = max(map(len, completions))
    tokens = torch.tensor([row + [pad] * (length - len(row)) for row in completions], device=device)
    mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in completions], device=device)
    all_mask = torch.cat([prompt_mask, mask], dim=1)
    logits = torch.zeros((), device=device)
    for policy, weight in zip(policies, weights):
        output = policy(
            input_ids=torch.cat([prompt_ids, tokens], dim=1),
            attention_mask=all_mask,
            position_ids=(all_mask.cumsum(-1) - 1).clamp(min=0),
            logits_to_keep=length + 1,
        )
        logits = logits + weight * output.logits[:, :-1].float()
    return torch.log_softmax(logits / temperature, -1), tokens, mask


def pad_left(rows: Sequence[Tokens], pad: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Token ids padded on the left, and their mask, (rows, longest length) each."""
    length = max(map(len, rows))
    ids = [[pad] * (length - len(row)) + list(row) for row in rows]
    mask = [[0] * (length - len(row)) + [1] * len(row) for row in rows]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)
