"""Rewards: models trained on human labels or on preferences, ensembles of them, and plain functions, behind one call.

A reward maps prompts and completions to one number per completion, larger is better.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.compute import CPU, Compute
from lib.ensembles import RewardEnsemble
from lib.functions import function
from lib.given_rewards import GivenClassifier

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
    `classifier`, one that others have trained (`lib.given_rewards`); `gold`, the directory of the gold reward; or
    `function`, a `module:function`.

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
        from lib.gold import GoldReward  # scikit-learn takes 2 s to import, which most trainings need not wait for

        return Reward(name, GoldReward.load(Path(source["gold"])))
    return Reward(name, function(key, source, [], []))


def brevity(prompts: Sequence[str], completions: Sequence[str], words: int) -> list[float]:
    """−|length − words| / words, the length of prompt and completion in words: 0 is on target.

    The example of a reward that is a plain function.
    """
    lengths = [len((prompt + completion).split()) for prompt, completion in zip(prompts, completions)]
    return [-abs(length - words) / words for length in lengths]


def grounded(prompts: Sequence[str], completions: Sequence[str]) -> list[float]:
    """The share of a completion's words that its prompt has: 1 for what is only copied, 0 for what is only made up."""
    found = []
    for prompt, completion in zip(prompts, completions):
        known, words = set(_words(prompt)), _words(completion)
        found.append(sum(word in known for word in words) / max(1, len(words)))
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
