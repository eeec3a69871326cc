"""Trainings in several processes, as accelerate starts them: which one this process is."""

import os
from typing import NamedTuple


class Share(NamedTuple):
    """A process's part of each batch: number `index`, from 0, of `count` equal parts."""

    index: int
    count: int

    @property
    def first(self) -> bool:
        """Whether this process prints and writes for all."""
        return self.index == 0


ALONE = Share(0, 1)


def share() -> Share:
    """The share of this process, from the environment variables that accelerate and torchrun set."""
    return Share(int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1)))
