"""Python imports this at its start where its folder is on PYTHONPATH: it has a job wait at a known step.

`Checkout.hold` writes a file for a script, with a number of steps. The first job of that script waits when its trainer
has made so many, says so by a file with the number of its process, and goes on when the first file is gone. What it
makes is what it would have made. So no test that kills or suspends a job depends on how fast anything is.
"""

import os
import sys
import time
from pathlib import Path

LIMIT = 1800  # seconds, after which the test that held the job is taken to be dead


def install(held: Path) -> None:
    """Has this process wait at the step that the file names, if it is the first of its script to get there."""
    from transformers import Trainer, TrainerCallback

    after, train = int(held.read_text()), Trainer.train

    class Wait(TrainerCallback):
        def on_step_begin(self, args, state, control, **kwargs) -> None:
            if state.global_step == after and is_first(held):
                wait_while_there(held)

    def held_train(trainer: Trainer, *args, **kwargs):
        trainer.add_callback(Wait())
        return train(trainer, *args, **kwargs)

    Trainer.train = held_train


def is_first(held: Path) -> bool:
    """Says by a file, which is there whole or not at all, that this process waits; False if another one did before."""
    own = held.with_suffix(f".{os.getpid()}")
    own.write_text(str(os.getpid()))
    try:
        os.link(own, held.with_suffix(".waits"))
    except FileExistsError:
        return False
    return True


def wait_while_there(held: Path) -> None:
    deadline = time.monotonic() + LIMIT
    while held.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{held} is still there")
        time.sleep(0.05)


if sys.orig_argv[1:2] == ["-m"]:
    script = Path(f"{Path.cwd()}.held", f"{sys.orig_argv[2]}.steps")
    if script.exists():
        os.environ.pop("PARETOSOUP_WARM_START", None)  # what waits is this process
        install(script)
