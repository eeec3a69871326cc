"""Loading of rewards of all kinds.

A reward maps prompts and completions to one number per completion; larger is better.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lib.data.chat import Message
from lib.machine.compute import CPU, Compute
from lib.reward_models.functions import texts
from lib.reward_models.kinds.kind import Score
from lib.reward_models.kinds.table import loader_of

ONE_EACH = "it has to return one finite number per completion"


@dataclass(frozen=True)
class Reward:
    """A named reward. Returns one finite number per completion; raises ValueError if `score` does not."""

    name: str
    score: Score
    asked: Callable[[str], Any] | None = None
    """In chat experiments, what the reward reads in place of a rendered prompt."""

    @property
    def key(self) -> str:
        """Of the reward's entry in the parameters."""
        return key_of(self.name)

    def __call__(self, prompts: Sequence[str], completions: Sequence[str]) -> list[float]:
        read = prompts if self.asked is None else list(map(self.asked, prompts))
        scored = self.score(read, completions)
        try:
            returned = list(scored)
        except TypeError:
            raise ValueError(f"{self.key}: it returned {scored!r}: {ONE_EACH}") from None
        if len(returned) != len(completions):
            count = f"{len(returned)} values for {len(completions)} completions"
            raise ValueError(f"{self.key}: it returned {count}: {ONE_EACH}")
        values = []
        for number, (value, prompt, completion) in enumerate(zip(returned, prompts, completions), 1):
            if not is_finite_number(value):
                which = f"for number {number} of {len(returned)}, {texts(prompt, completion)}"
                raise ValueError(f"{self.key}: it returned {value!r} {which}: {ONE_EACH}")
            values.append(float(value))
        return values


def is_finite_number(value: Any) -> bool:
    """Whether a value is a number, also one of numpy or torch, and neither infinite nor not a number."""
    try:
        return not isinstance(value, str) and math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def load(
    name: str,
    source: Mapping[str, Any],
    compute: Compute = CPU,
    conversations: Mapping[str, Sequence[Message]] | None = None,
) -> Reward:
    """The reward that `source` describes (`lib.reward_models.kinds`).

    conversations: in chat experiments, the messages by rendered prompt, of which a reward reads what its kind says.

    Raises ValueError with the reward's name if it cannot be loaded.
    """
    kind = loader_of(source)
    reads = kind.reads(source)
    asked = None
    if conversations is not None and reads != "text":
        whole = conversations.__getitem__
        asked = whole if reads == "conversation" else lambda prompt: whole(prompt)[-1]["content"]
    return Reward(name, kind.load(key_of(name), source, compute), asked)


def key_of(name: str) -> str:
    """The dotted key of a reward in the parameters."""
    return name if name == "gold" else f"rewards.{name}"
