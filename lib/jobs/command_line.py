"""How every job runs: it reads its command line, is reproducible, and writes its outputs completely or not at all."""

import gc
import inspect
import os
import shutil
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from lib.jobs.arguments import checkpoints_of, outputs_of, parse
from lib.machine.gpus import gpus_here, take_gpu
from lib.machine.malloc import keep_freed_memory
from lib.machine.processes import ALONE, share


def run(work: Callable[..., None]) -> None:
    """Calls `work` with the arguments of the command line.

    A parameter of type Path or list[Path] is an input, one of type Output an output. Each has an option of its name;
    for None the option stands without a path. All other parameters come from `--settings`, one JSON object: the last
    part of a dotted key such as `policy.steps` is the parameter's name. Strings in KeyedFiles become paths.

    Checkpoints lie beside the first output. `--checkpoint-every` is their interval in steps; the job is the same
    whatever it is. `--made-of` lists all inputs of the rule: checkpoints that were made of others are not used.

    `work` writes to temporary paths. They are moved into place when it returns, so that a file with an output's name
    is always complete. An error that the user can correct is printed as one line.

    Longer than other functions: the steps of every job, in order.
    """
    _prepare_process()
    parameters = inspect.signature(work).parameters
    arguments = parse(work, parameters)
    if share() == ALONE and arguments.get("compute", {"device": "cpu"})["device"] != "cpu":
        take_gpu(gpus_here())  # of several processes, accelerate gives each its own
    _be_reproducible()
    finals = {name: arguments[name] for name in outputs_of(parameters) if arguments[name] is not None}
    checkpoints = checkpoints_of(parameters, arguments)
    arguments |= checkpoints
    for checkpoint in checkpoints.values() if share().first else ():
        checkpoint.hold()
    for name, final in finals.items():
        arguments[name] = _partial(final)
    started = time.monotonic()
    try:
        work(**arguments)
        for name, final in finals.items():
            _finish(arguments[name], final)
        for checkpoint in checkpoints.values() if share().first else ():
            checkpoint.remove()
    except Exception as error:
        explanation = _explanation(error)
        if explanation is None:
            raise
        sys.exit(f"error: {explanation}")
    print(f"done in {time.monotonic() - started:.0f} s: {', '.join(map(str, finals.values()))}")


def _prepare_process() -> None:
    """Only the first process prints, the garbage collector skips what was imported, and freed memory is kept.

    Libraries' warnings of their own next versions are for us, not for those who read a job's log.
    """
    if not share().first:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.stdout.reconfigure(line_buffering=True)
    gc.freeze()
    gc.enable()
    keep_freed_memory()
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"(transformers|trl|peft|accelerate)\.")


def _partial(final: Path) -> Path:
    """The temporary path of an output."""
    partial = final.with_name(f"{final.name}.partial{share().index or ''}")
    _remove(partial)
    final.parent.mkdir(parents=True, exist_ok=True)
    return partial


def _finish(partial: Path, final: Path) -> None:
    """Moves an output into place. All processes wrote it; that of the first is kept."""
    if share().first:
        _remove(final)
        partial.replace(final)
    else:
        _remove(partial)


def _be_reproducible() -> None:
    """Makes torch give the same bits every time. Does nothing in a job that has not imported torch."""
    if torch := sys.modules.get("torch"):
        if not torch.cuda.is_available():  # some operations have no deterministic algorithm on a GPU
            torch.set_deterministic_debug_mode("error")  # use_deterministic_algorithms would import the compiler
        torch.utils.deterministic.fill_uninitialized_memory = False  # costs a fifth of the time
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 1)))
    if transformers := sys.modules.get("transformers"):
        transformers.utils.logging.disable_progress_bar()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _explanation(error: Exception) -> str | None:
    """One line for an error that the user can correct; None for any other, which needs its traceback.

    A full disk and exhausted memory are recognised by the message: the libraries that write models raise exceptions of
    their own.
    """
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, MemoryError) or "can't allocate memory" in text:
        return f"not enough memory: use smaller batches in params.yaml or run fewer jobs at once ({text})"
    if "No space left on device" in text:
        return f"the disk is full: free some space and run again ({text})"
    return text if isinstance(error, ValueError | OSError) else None
