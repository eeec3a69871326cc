"""Completions that are sampled together, each from its own point of the front. Some may join and leave at any step.

All rows of a batch have their last token in the same column; what is missing before a row's prompt is masked.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import torch
from peft import PeftModel
from torch import Tensor
from transformers import DynamicCache

from lib.evaluation.sweeps import scaled
from lib.policies.decoding import end_tokens
from lib.policies.log_probabilities import Tokens, pad_left
from lib.policies.sampling import at_quantiles


@dataclass(frozen=True)
class Request:
    """What is asked for. coefficients: λ, of each adapter; temperature: 0 takes the most probable token."""

    prompt: Tokens
    coefficients: Sequence[float]
    max_tokens: int
    temperature: float
    seed: int


@dataclass(eq=False)
class Row:
    """A request on its way. Its random numbers are its own, so that they do not depend on the rest of the batch."""

    request: Request
    tokens: Tokens = field(default_factory=list)
    done: "Future[Row]" = field(default_factory=Future)

    def __post_init__(self) -> None:
        self.generator = torch.Generator().manual_seed(self.request.seed)


class Batch:
    """The requests that a model works on. adapters: the names of the experts' adapters, in the order of λ."""

    def __init__(self, model: PeftModel, adapters: Sequence[str]) -> None:
        self.model, self.adapters = model, adapters
        self.ends, self.pad = end_tokens(model), model.config.pad_token_id
        self.rows: list[Row] = []

    @torch.no_grad()
    def join(self, rows: list[Row]) -> None:
        """Reads the prompts of new rows, and draws the first token of each."""
        ids, mask = pad_left([row.request.prompt for row in rows], self.pad, self.model.device)
        cache = DynamicCache()
        with self._mixed(rows):
            self._forward(rows, ids, mask, cache)
        if self.rows:
            length = max(self._mask.size(1), mask.size(1))
            mask = torch.cat([_widened(self._mask, length, 1), _widened(mask, length, 1)])
            cache = _joined(self._cache, cache, length)
        self.rows, self._mask, self._cache = [*self.rows, *rows], mask, cache

    @torch.no_grad()
    def run(self, until: Callable[[], bool]) -> None:
        """Draws token after token of all rows, until one of them has ended or `until` says so."""
        with self._mixed(self.rows):
            while not (until() or any(map(self._has_ended, self.rows))):
                ids = torch.tensor([row.tokens[-1:] for row in self.rows], device=self.model.device)
                self._mask = torch.cat([self._mask, torch.ones_like(ids)], dim=1)
                self._forward(self.rows, ids, self._mask, self._cache)

    def leave(self) -> list[Row]:
        """Takes out the rows that have ended, or that nobody waits for any more."""
        ended = [row for row in self.rows if self._has_ended(row)]
        kept = [i for i, row in enumerate(self.rows) if not self._has_ended(row)]
        if ended and kept:
            self._mask = self._mask[kept]
            first = int(self._mask.argmax(1).min())  # columns before it are masked in all rows that are left
            self._mask = self._mask[:, first:]
            for layer in self._cache.layers:
                layer.keys, layer.values = (of[kept, :, first:] for of in (layer.keys, layer.values))
        self.rows = [self.rows[i] for i in kept]
        return ended

    def finish_reason(self, row: Row) -> str | None:
        """Why a row has ended: `stop` for an end-of-text token, `length` for `max_tokens`; None if it goes on."""
        if row.tokens[-1] in self.ends:
            return "stop"
        return "length" if len(row.tokens) >= row.request.max_tokens else None

    def _has_ended(self, row: Row) -> bool:
        return row.done.cancelled() or self.finish_reason(row) is not None

    def _mixed(self, rows: Sequence[Row]):
        return scaled(self.model, self.adapters, [row.request.coefficients for row in rows], 1)

    def _forward(self, rows: Sequence[Row], ids: Tensor, mask: Tensor, cache: DynamicCache) -> None:
        """Reads ids, the last columns of what the mask is of, and draws the next token of each row."""
        output = self.model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=(mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.size(1) :],
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        for row, token in zip(rows, drawn(output.logits[:, -1].float(), rows)):
            row.tokens.append(token)


def drawn(logits: Tensor, rows: Sequence[Row]) -> Tokens:
    """The next token of each row. logits: (rows, vocabulary)."""
    temperatures = torch.tensor([[row.request.temperature] for row in rows], device=logits.device)
    greedy = temperatures < 1e-6  # logits divided by less may be infinite
    probabilities = torch.softmax(logits / torch.where(greedy, 1.0, temperatures), -1)
    uniform = torch.cat([torch.rand(1, 1, generator=row.generator) for row in rows])
    sampled = at_quantiles(probabilities.cumsum(-1), uniform)
    return torch.where(greedy.squeeze(1), logits.argmax(-1), sampled).tolist()


def _joined(first: DynamicCache, second: DynamicCache, length: int) -> DynamicCache:
    """The rows of both, `length` columns wide."""
    for one, other in zip(first.layers, second.layers, strict=True):
        one.keys = torch.cat([_widened(of.keys, length, 2) for of in (one, other)])
        one.values = torch.cat([_widened(of.values, length, 2) for of in (one, other)])
    return first


def _widened(tensor: Tensor, length: int, dimension: int) -> Tensor:
    """The tensor with zeros before it along a dimension."""
    shape = list(tensor.shape)
    shape[dimension] = length - shape[dimension]
    return torch.cat([tensor.new_zeros(shape), tensor], dim=dimension)
