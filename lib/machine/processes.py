"""A training in several processes, as accelerate starts them: which of them this one is."""

import os
from typing import NamedTuple


class Share(NamedTuple):
    """A process's part of each batch: the index-th of `count` equal ones."""

    index: int
    count: int

    @property
    def first(self) -> bool:
        """Whether this process speaks and writes for all."""
        return self.index == 0


ALONE = Share(0, 1)


def share() -> Share:
    """This process's, from what accelerate and torchrun set in the environment."""
    return Share(int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1)))
