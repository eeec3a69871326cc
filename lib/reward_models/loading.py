"""Rewards: models trained on human labels or on pairs, ensembles of them, and plain functions, behind one call.

A reward maps prompts and completions to one number per completion, larger is better.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.data.functions import function
from lib.machine.compute import CPU, Compute
from lib.reward_models.ensembles import RewardEnsemble
from lib.reward_models.given_classifiers import GivenClassifier

Score = Callable[[Sequence[str], Sequence[str]], Sequence[float]]


@dataclass(frozen=True)
class Reward:
    """A reward by name. Whatever scores it, one finite number per completion comes back, or an error."""

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
    """The reward that `source` tells of: `models`, directories of classifiers, whose outputs `aggregate` makes one;
    `classifier`, one that others have trained (`lib.reward_models.given_classifiers`); `gold`, the directory of
    the gold reward; or `function`, a `module:function`.

    A function is called as function(prompts, completions, **arguments).
    Raises ValueError, naming the reward, where there is no such function.
    """
    key = name if name == "gold" else f"rewards.{name}"
    if "models" in source:
        directories = [Path(path) for path in source["models"]]
        return Reward(name, RewardEnsemble(directories, source["aggregate"], source["coefficient"], compute))
    if "classifier" in source:
        return Reward(name, GivenClassifier(key, source, compute))
    if "gold" in source:
        from lib.reward_models.gold import (
            GoldReward,  # scikit-learn takes 2 s to import, which most trainings need not wait for
        )

        return Reward(name, GoldReward.load(Path(source["gold"])))
    return Reward(name, function(key, source, [], []))
