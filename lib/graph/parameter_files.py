"""Files of parameters: what stands in one, and in those that it extends."""

import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from lib.graph.yaml_mistakes import yaml_mistake

DEFAULT_PARAMS = Path("params.yaml")  # what the Snakefile and DVC read where no other file is named
EXPERIMENTS, SCALES = Path("experiments"), Path("experiments/scales")


def chain_of(config: dict[str, Any], root: Path, files: Sequence[str | Path]) -> list[tuple[str, dict[str, Any]]]:
    """The parameters as they stand in their file, and in each that is extended; each with the file's name."""
    chain = [(", ".join(os.path.relpath(file) for file in files), config)]
    way = [Path(file).absolute() for file in files]
    while "extends" in chain[-1][1]:
        file, raw = chain[-1]
        path = place(raw["extends"], root, file)
        if path in way:
            circle = " → ".join(os.path.relpath(one) for one in [*way[way.index(path) :], path])
            raise ValueError(f"{file}: extends: this is a circle: {circle}; one of them has to be whole")
        way.append(path)
        chain.append((os.path.relpath(path), raw_parameters(path)))
    return chain


def place(name: Any, root: Path, file: str) -> Path:
    """The file that `extends: name` means. Raises ValueError where there is none, or more than one."""
    known = {"default": [root / DEFAULT_PARAMS]}
    for path in sorted((root / SCALES).glob("*.yaml")):
        known.setdefault(path.stem, []).append(path)
    for path in sorted((root / EXPERIMENTS).glob(f"*/{DEFAULT_PARAMS}")):
        known.setdefault(path.parent.name, []).append(path)
    if not isinstance(name, str) or name not in known:
        near = get_close_matches(str(name), known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ValueError(f"{file}: extends: there is no {name!r}; {hint}there are {', '.join(known)}")
    if len(known[name]) > 1:
        places = " and ".join(os.path.relpath(path) for path in known[name])
        raise ValueError(f"{file}: extends: {name!r} is {places}; rename one of them")
    return known[name][0].absolute()


def raw_parameters(path: Path) -> dict[str, Any]:
    """What stands in a file of parameters. Raises ValueError, with the line, where it is no YAML with keys."""
    if mistake := yaml_mistake(Path(os.path.relpath(path))):
        raise ValueError(mistake)
    return yaml.safe_load(path.read_text())
