"""What every job does at its edges: it reads its command line, is reproducible, and writes its
outputs whole or not at all."""

import gc
import inspect
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lib.jobs.arguments import checkpoints_of, outputs_of, parse
from lib.machine.gpus import gpus_here, take_gpu
from lib.machine.processes import ALONE, share


def run(work: Callable[..., None]) -> None:
    """Calls `work` with the arguments of the command line.

    A parameter of type Path or list[Path] is an input and one of type Output an output: each is
    an option of its name, which one that may be None has without a path. All others come from `--settings`, one JSON
    object; of a dotted key such as `policy.steps` the last part is the parameter's name, and strings of KeyedFiles are
    paths. Checkpoints are beside the first output;
    `--checkpoint-every` says how often they are written, which makes no other job of it, and `--made-of`
    what they are of: all that Snakemake takes for inputs.

    Longer than others: this is all that a job does at its edges, in its order.

    `work` is given paths beside the outputs; they are moved into place when it has returned, so
    that what bears an output's name is complete. Errors that a user can mend end in one line.
    """
    _prepare_process()
    parameters = inspect.signature(work).parameters
    arguments = parse(work, parameters)
    if share() == ALONE and arguments.get("compute", {"device": "cpu"})["device"] != "cpu":
        take_gpu(gpus_here())  # several processes are told theirs by what has started them
    _be_reproducible()
    finals = {name: arguments[name] for name in outputs_of(parameters) if arguments[name] is not None}
    checkpoints = checkpoints_of(parameters, arguments)
    arguments |= checkpoints
    for held in checkpoints.values() if share().first else ():
        held.hold()
    for name, final in finals.items():
        arguments[name] = _partial(final)
    started = time.monotonic()
    try:
        work(**arguments)
        for name, final in finals.items():
            _finish(arguments[name], final)
        for done in checkpoints.values() if share().first else ():
            done.remove()
    except Exception as error:
        explanation = _explained(error)
        if explanation is None:
            raise
        sys.exit(f"error: {explanation}")
    print(f"done in {time.monotonic() - started:.0f} s: {', '.join(map(str, finals.values()))}")


def _prepare_process() -> None:
    """Of several processes the first one speaks; what was imported is not looked through for garbage."""
    if not share().first:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.stdout.reconfigure(line_buffering=True)
    gc.freeze()
    gc.enable()


def _partial(final: Path) -> Path:
    """Where an output is written until it is whole."""
    partial = final.with_name(f"{final.name}.partial{share().index or ''}")
    _remove(partial)
    final.parent.mkdir(parents=True, exist_ok=True)
    return partial


def _finish(partial: Path, final: Path) -> None:
    """Moves an output into place; of several processes, which all have made it, the first one's."""
    if share().first:
        _remove(final)
        partial.replace(final)
    else:
        _remove(partial)


def _be_reproducible() -> None:
    """The same bits every time; nothing to do in a job that computes without torch."""
    if torch := sys.modules.get("torch"):
        if not torch.cuda.is_available():  # a GPU has no such algorithm for some of what is computed
            torch.set_deterministic_debug_mode("error")  # use_deterministic_algorithms loads the compiler as well
        torch.utils.deterministic.fill_uninitialized_memory = False  # costs a fifth of the time
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 1)))
    if transformers := sys.modules.get("transformers"):
        transformers.utils.logging.disable_progress_bar()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _explained(error: Exception) -> str | None:
    """What a user can mend, in one line; None for other errors, whose traceback is worth more.

    Full disks and exhausted memory are told by their text, because the libraries that write models
    have exceptions of their own for them.
    """
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, MemoryError) or "can't allocate memory" in text:
        return f"not enough memory: use smaller batches in params.yaml or run fewer jobs at once ({text})"
    if "No space left on device" in text:
        return f"the disk is full: free some space and run again ({text})"
    return text if isinstance(error, ValueError | OSError) else None
