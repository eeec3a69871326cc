"""What every job does at its edges: it reads its command line, is reproducible, and writes its
outputs whole or not at all."""

import argparse
import gc
import inspect
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NewType

from lib.jobs.checkpoints import Checkpoints, versions
from lib.machine.gpus import gpus_here, take_gpu
from lib.machine.processes import ALONE, share

Output = NewType("Output", Path)
KeyedFiles = NewType("KeyedFiles", dict)
"""Inputs by keys, such as {"0.05": [Path(...), ...]}: among the settings, because a command line has no keys."""


def run(work: Callable[..., None]) -> None:
    """Calls `work` with the arguments of the command line.

    A parameter of type Path or list[Path] is an input and one of type Output an output: each is
    an option of its name, which one that may be None has without a path. All others come from `--settings`, one JSON
    object; of a dotted key such as `policy.steps` the last part is the parameter's name, and strings of KeyedFiles are
    paths. Checkpoints are beside the first output;
    `--checkpoint-every` says how often they are written, which makes no other job of it, and `--made-of`
    what they are of: all that Snakemake takes for inputs.

    `work` is given paths beside the outputs; they are moved into place when it has returned, so
    that what bears an output's name is complete. Errors that a user can mend end in one line.
    """
    if not share().first:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what it says, the first says
    sys.stdout.reconfigure(line_buffering=True)
    gc.freeze()
    gc.enable()
    parameters = inspect.signature(work).parameters
    arguments = _parse(work, parameters)
    if share() == ALONE and arguments.get("compute", {"device": "cpu"})["device"] != "cpu":
        take_gpu(gpus_here())  # several processes are told theirs by what has started them
    _be_reproducible()
    finals = {name: arguments[name] for name in _outputs(parameters) if arguments[name] is not None}
    checkpoints = _checkpoints(parameters, arguments)
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


def _parse(work: Callable[..., None], parameters: Any) -> dict[str, Any]:
    documentation = inspect.getdoc(sys.modules[work.__module__]) or ""
    parser = argparse.ArgumentParser(
        prog=f"python -m {sys.modules['__main__'].__spec__.name}",
        description=documentation,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    settings = []
    for name, parameter in parameters.items():
        if parameter.annotation in (Path, Output):
            parser.add_argument(f"--{name}", type=Path, required=True, metavar="PATH")
        elif parameter.annotation in (Path | None, Output | None):
            parser.add_argument(f"--{name}", type=Path, required=True, nargs="?", metavar="PATH")
        elif parameter.annotation == list[Path]:
            parser.add_argument(f"--{name}", type=Path, required=True, nargs="*", metavar="PATH")
        elif parameter.annotation is Checkpoints:
            parser.add_argument("--checkpoint-every", type=int, required=True, metavar="STEPS")
            parser.add_argument("--made-of", type=Path, required=True, nargs="*", metavar="PATH")
        else:
            settings.append(name)
    if settings:
        parser.add_argument("--settings", type=json.loads, required=True, help=f"JSON with {', '.join(settings)}")
    arguments = vars(parser.parse_args())
    given = {key.rpartition(".")[2]: value for key, value in arguments.pop("settings", {}).items()}
    if sorted(given) != sorted(settings):
        parser.error(f"--settings must have the keys {sorted(settings)}, not {sorted(given)}")
    keyed = {name: _paths(given[name]) for name in given if parameters[name].annotation is KeyedFiles}
    return arguments | given | keyed


def _outputs(parameters: Any) -> list[str]:
    return [name for name, parameter in parameters.items() if parameter.annotation in (Output, Output | None)]


def _paths(files: Any) -> Any:
    """Keyed files as paths."""
    if isinstance(files, dict):
        return {key: _paths(inner) for key, inner in files.items()}
    return Path(files) if isinstance(files, str) else [_paths(inner) for inner in files]


def _checkpoints(parameters: Any, arguments: dict[str, Any]) -> dict[str, Checkpoints]:
    """The checkpoints of a job that has some, in place of the options that say of them."""
    names = [name for name in parameters if parameters[name].annotation is Checkpoints]
    if not names:
        return {}
    first = arguments[_outputs(parameters)[0]]
    every, made_of = arguments.pop("checkpoint_every"), arguments.pop("made_of")
    job = {name: str(value) for name, value in arguments.items()} | {"processes": share().count}
    folder = first.with_name(f"{first.name}.checkpoints")
    return dict.fromkeys(names, Checkpoints(folder, every, job, versions(made_of)))


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
