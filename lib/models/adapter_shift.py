"""How far two LoRA adapters of one base model differ in what they say."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from lib.machine.compute import Compute
from lib.models.loading import language_model, tokenizer


@torch.no_grad()
def largest_shift(first: Path, second: Path, texts: Sequence[str], compute: Compute) -> float:
    """max |log p₁ − log p₂| of a next token, over the tokens of some texts and all next tokens that either gives 0.1 %.

    In nats. Less likely tokens are left out: where p is tiny, log p moves by much that nobody sees.
    """
    models, tokens = [language_model(path, compute) for path in (first, second)], tokenizer(first)
    largest = 0.0
    for text in texts:
        ids = torch.tensor([tokens(text)["input_ids"]], device=compute.device)
        one, other = (log_probabilities(model(ids).logits) for model in models)
        seen = torch.maximum(one, other) > torch.tensor(0.001).log()
        largest = max(largest, (one - other).abs()[seen].max().item())
    return largest


def log_probabilities(logits: Tensor) -> Tensor:
    """In float32."""
    return torch.log_softmax(logits.float(), -1)
