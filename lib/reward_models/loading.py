"""Loading of rewards of all kinds.

A reward maps prompts and completions to one number per completion; larger is better.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lib.data.chat import Message
from lib.machine.compute import CPU, Compute
from lib.reward_models.kinds.kind import Score
from lib.reward_models.kinds.table import loader_of


@dataclass(frozen=True)
class Reward:
    """A named reward. Returns one finite number per completion; raises ValueError if `score` does not."""

    name: str
    score: Score
    asked: Callable[[str], Any] | None = None
    """In chat experiments, what the reward reads in place of a rendered prompt."""

    def __call__(self, prompts: Sequence[str], completions: Sequence[str]) -> list[float]:
        read = prompts if self.asked is None else list(map(self.asked, prompts))
        try:
            values = [float(value) for value in self.score(read, completions)]
        except (TypeError, ValueError) as error:
            raise ValueError(f"reward {self.name} did not return numbers: {error}") from error
        if len(values) != len(completions):
            raise ValueError(
                f"reward {self.name} returned {len(values)} values for {len(completions)} completions: "
                "it must return one number per completion"
            )
        for value, prompt, completion in zip(values, prompts, completions):
            if not math.isfinite(value):
                raise ValueError(f"reward {self.name} returned {value} for {prompt + completion!r}")
        return values


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
    key = name if name == "gold" else f"rewards.{name}"
    kind = loader_of(source)
    reads = kind.reads(source)
    asked = None
    if conversations is not None and reads != "text":
        asked = conversations.get if reads == "conversation" else lambda prompt: conversations[prompt][-1]["content"]
    return Reward(name, kind.load(key, source, compute), asked)
