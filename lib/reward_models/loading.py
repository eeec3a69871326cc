"""Loading of rewards of all kinds.

A reward maps prompts and completions to one number per completion; larger is better.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lib.machine.compute import CPU, Compute
from lib.reward_models.kinds.kind import Score
from lib.reward_models.kinds.table import loader_of


@dataclass(frozen=True)
class Reward:
    """A named reward. Returns one finite number per completion; raises ValueError if `score` does not."""

    name: str
    score: Score

    def __call__(self, prompts: Sequence[str], completions: Sequence[str]) -> list[float]:
        try:
            values = [float(value) for value in self.score(prompts, completions)]
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


def load(name: str, source: Mapping[str, Any], compute: Compute = CPU) -> Reward:
    """The reward that `source` describes (`lib.reward_models.kinds`).

    Raises ValueError with the reward's name if it cannot be loaded.
    """
    key = name if name == "gold" else f"rewards.{name}"
    return Reward(name, loader_of(source).load(key, source, compute))
