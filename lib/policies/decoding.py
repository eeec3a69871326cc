"""The next token's logits along completions that grow a token at a time."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import torch
from torch import Tensor
from transformers import PreTrainedModel

from lib.policies.log_probabilities import Tokens, pad_left

Mixed = tuple[Sequence[PreTrainedModel], Sequence[float]]
"""Models and the weights of their logits: one model of weight 1, but for an ensemble of predictions."""


class Decoding:
    """The logits of some policies, mixed, after each of some prompts and the tokens that were drawn so far.

    running: opens the policies; each step is within it, so that one model can serve as several in turn. same: whether
    the policies treat all rows alike. Then a prompt that comes several times is read once.
    """

    def __init__(
        self, running: Callable[[], AbstractContextManager[Mixed]], prompts: Sequence[Tokens], *, same: bool
    ) -> None:
        self.running, self.prompts = running, prompts
        self.asked, self.asked_by = once_each(prompts) if same else (prompts, range(len(prompts)))
        with running() as (policies, _):
            self.ends, self.pad = end_tokens(policies[0]), policies[0].config.pad_token_id
            self.device = policies[0].device
            self.caches: list = [None] * len(policies)
        self.first, self.mask = pad_left(self.asked, self.pad, self.device)

    def after(self, drawn: Tensor | None) -> Tensor:
        """Logits, Σᵢ wᵢ zᵢ in float32, (prompts, vocabulary). drawn: the token of each prompt that was drawn last,
        (prompts,), or None for the first call.
        """
        ids = self.first if drawn is None else drawn.unsqueeze(1)
        if drawn is not None:
            self.mask = torch.cat([self.mask, torch.ones_like(ids)], dim=1)
        logits = torch.zeros((), device=self.device)
        with self.running() as (policies, weights):
            for i, (policy, weight) in enumerate(zip(policies, weights)):
                output = policy(
                    input_ids=ids,
                    attention_mask=self.mask,
                    position_ids=(self.mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.size(1) :],
                    past_key_values=self.caches[i],
                    use_cache=True,
                    logits_to_keep=1,
                )
                self.caches[i] = output.past_key_values
                logits = logits + weight * output.logits[:, -1].float()
        return self._a_row_each(logits) if drawn is None and len(self.asked) < len(self.prompts) else logits

    def _a_row_each(self, logits: Tensor) -> Tensor:
        rows = torch.tensor(self.asked_by, device=logits.device)
        self.mask = self.mask[rows]
        for cache in self.caches:
            cache.batch_select_indices(rows)
        return logits[rows]


def once_each(prompts: Sequence[Tokens]) -> tuple[list[Tokens], list[int]]:
    """The different prompts, and for each prompt its place among them."""
    places: dict[tuple[int, ...], int] = {}
    asked_by = [places.setdefault(tuple(prompt), len(places)) for prompt in prompts]
    return [list(prompt) for prompt in places], asked_by


def end_tokens(policy: PreTrainedModel) -> list[int]:
    """The end-of-text tokens; some models have several."""
    ends = policy.config.eos_token_id
    return ends if isinstance(ends, list) else [ends]
