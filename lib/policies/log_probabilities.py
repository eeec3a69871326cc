"""Log-probabilities of the next token along given completions."""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

Tokens = list[int]


@torch.no_grad()
def next_token_log_probabilities(
    policies: Sequence[PreTrainedModel],
    weights: Sequence[float],
    prompts: Sequence[Tokens],
    completions: Sequence[Tokens],
    temperature: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Log-probabilities of every next token along given completions, as `sample` draws them.

    Returns them (batch, length, vocabulary), with the completions' tokens (batch, length) and
    the mask of the tokens that are there (batch, length), of which the end-of-text token is one.
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
    """Token ids and mask, (rows, length of the longest) each."""
    length = max(map(len, rows))
    ids = [[pad] * (length - len(row)) + list(row) for row in rows]
    mask = [[0] * (length - len(row)) + [1] * len(row) for row in rows]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)
