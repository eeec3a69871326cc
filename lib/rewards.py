"""Rewards: models trained on human labels or on preferences, ensembles of them, and plain functions, behind one call.

A reward maps prompts and completions to one number per completion, larger is better.
"""

import importlib
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.compute import CPU, Compute
from lib.ensembles import RewardEnsemble

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
    `gold`, the directory of the gold reward; or `function`, a `module:function`.

    A function is called as function(prompts, completions, **arguments).
    Raises ValueError, naming the reward, where there is no such function.
    """
    if "models" in source:
        directories = [Path(path) for path in source["models"]]
        return Reward(name, RewardEnsemble(directories, source["aggregate"], source["coefficient"], compute))
    if "gold" in source:
        from lib.gold import GoldReward  # scikit-learn takes 2 s to import, which most trainings need not wait for

        return Reward(name, GoldReward.load(Path(source["gold"])))
    module, _, attribute = source["function"].partition(":")
    try:
        function = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"rewards.{name}.function: {source['function']} cannot be loaded: {error}") from error
    arguments = dict(source.get("arguments", {}))
    try:
        inspect.signature(function).bind([], [], **arguments)
    except TypeError as error:
        raise ValueError(f"rewards.{name}.arguments do not fit {source['function']}: {error}") from error
    return Reward(name, lambda prompts, completions: function(prompts, completions, **arguments))


def brevity(prompts: Sequence[str], completions: Sequence[str], words: int) -> list[float]:
    """−|length − words| / words, the length of prompt and completion in words: 0 is on target.

    The example of a reward that is a plain function.
    """
    lengths = [len((prompt + completion).split()) for prompt, completion in zip(prompts, completions)]
    return [-abs(length - words) / words for length in lengths]
