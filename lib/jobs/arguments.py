"""The command line of a job: an option for each file, and one JSON object with all settings."""

import argparse
import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NewType

from lib.jobs.checkpoints import Checkpoints, versions
from lib.machine.processes import share

Output = NewType("Output", Path)
KeyedFiles = NewType("KeyedFiles", dict)
"""Input files by key, such as {"0.05": [Path(...), ...]}. They are passed in the settings: options have no keys."""


def parse(work: Callable[..., None], parameters: Any) -> dict[str, Any]:
    """The arguments of `work` from the command line. Exits with a message if they do not match its parameters."""
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
    values = {key.rpartition(".")[2]: value for key, value in arguments.pop("settings", {}).items()}
    if sorted(values) != sorted(settings):
        parser.error(f"--settings must have the keys {sorted(settings)}, not {sorted(values)}")
    keyed = {name: _paths(values[name]) for name in values if parameters[name].annotation is KeyedFiles}
    return arguments | values | keyed


def outputs_of(parameters: Any) -> list[str]:
    """The names of the parameters that are outputs."""
    return [name for name, parameter in parameters.items() if parameter.annotation in (Output, Output | None)]


def _paths(files: Any) -> Any:
    """The strings of keyed files as paths."""
    if isinstance(files, dict):
        return {key: _paths(inner) for key, inner in files.items()}
    return Path(files) if isinstance(files, str) else [_paths(inner) for inner in files]


def checkpoints_of(parameters: Any, arguments: dict[str, Any]) -> dict[str, Checkpoints]:
    """The `Checkpoints` of a job that has that parameter; removes the two options that describe it."""
    names = [name for name in parameters if parameters[name].annotation is Checkpoints]
    if not names:
        return {}
    first_output = arguments[outputs_of(parameters)[0]]
    every, made_of = arguments.pop("checkpoint_every"), arguments.pop("made_of")
    job = {name: str(value) for name, value in arguments.items()} | {"processes": share().count}
    folder = first_output.with_name(f"{first_output.name}.checkpoints")
    return dict.fromkeys(names, Checkpoints(folder, every, job, versions(made_of)))
