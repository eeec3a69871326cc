"""Rewards that are Python functions of a user's: an error in one is told with its place and the text it failed on."""

import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.data.functions import function

SHOWN = 80  # characters of a text


class RewardFunction:
    """A `module:function` with its `arguments`, called with prompts and completions.

    key: of the entry of the parameters. Raises ValueError with the key if the function cannot be loaded or raises.
    """

    def __init__(self, key: str, source: Mapping[str, Any]) -> None:
        self.key, self.name = key, source["function"]
        self.function = function(key, source, [], [])

    def __call__(self, prompts: Sequence[str], completions: Sequence[str]) -> Any:
        """What the function returns."""
        try:
            return self.function(prompts, completions)
        except Exception as error:
            raise ValueError(
                f"{self.key}: {self.name} raises {type(error).__name__}: {error}, {self.place(error)}; "
                f"called with {self.first_that_fails(prompts, completions)}"
            ) from error

    def place(self, error: Exception) -> str:
        """The lines of the user's file that the error went through, the innermost last."""
        file = Path(self.function.func.__code__.co_filename) if hasattr(self.function.func, "__code__") else None
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if file is not None and Path(frame.filename) == file] or frames[-1:]
        lines = dict.fromkeys(f"{Path(frame.filename).name}:{frame.lineno}: {frame.line}" for frame in own)
        return " → ".join(lines)

    def first_that_fails(self, prompts: Sequence[str], completions: Sequence[str]) -> str:
        """The first prompt and completion that the function fails on when it gets no others."""
        for number, (prompt, completion) in enumerate(zip(prompts, completions), 1):
            try:
                self.function([prompt], [completion])
            except Exception:
                return f"number {number} of {len(prompts)}: {texts(prompt, completion)}"
        return f"{len(prompts)} completions; with each alone it does not fail"


def texts(prompt: str, completion: str) -> str:
    """A prompt and a completion in an error message."""
    prompt = prompt if len(prompt) <= SHOWN else f"…{prompt[-SHOWN:]}"
    completion = completion if len(completion) <= SHOWN else f"{completion[:SHOWN]}…"
    return f"prompt {prompt!r}, completion {completion!r}"
