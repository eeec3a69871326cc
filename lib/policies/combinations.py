"""Policies combined, in the space of weights or of logits, and run: how it is asked for what is scored."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from transformers import PreTrainedModel

from lib.policies.decoding import Decoding, Mixed
from lib.policies.log_probabilities import Tokens


class Combined(Protocol):
    """Combinations that are run together."""

    count: int

    def decoding(self, numbers: Sequence[int], prompts: Sequence[Tokens]) -> Decoding:
        """Some of them, each on all of the prompts: those of the first, then those of the next, and so on."""

    def alone(self, number: int) -> AbstractContextManager[Mixed]:
        """One of them, for any batch."""


class One:
    """One combination, made already. It is every number of itself."""

    count = 1

    def __init__(self, models: Sequence[PreTrainedModel], coefficients: Sequence[float] = (1.0,)) -> None:
        self.mixed = models, coefficients

    def decoding(self, numbers: Sequence[int], prompts: Sequence[Tokens]) -> Decoding:
        return Decoding(lambda: nullcontext(self.mixed), [*prompts] * len(numbers), same=True)

    def alone(self, number: int) -> AbstractContextManager[Mixed]:
        return nullcontext(self.mixed)
