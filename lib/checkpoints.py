"""Models on disk, merged piece by piece: a merge needs a few megabytes of memory and runs at the speed of the disk.

A model is a directory as transformers writes it, with its weights in one file, `model.safetensors`.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from math import prod
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from lib.weights import Weights

FILE = "model.safetensors"
PIECE = 2**19  # numbers


def pieces(models: Sequence[Path]) -> Iterator[list[Weights]]:
    """The weights of N models of one architecture, one piece of one tensor at a time, flat and in float32.

    Each item has a dictionary per model with one name in it. Tensors come in the order of the last model's file.
    Raises ValueError when the models' tensors differ, FileNotFoundError where there is no file of weights.
    """
    shapes = [_shapes(model) for model in models]
    for model, other in zip(models, shapes):
        if different := set(other.items()) ^ set(shapes[-1].items()):
            raise ValueError(f"{model} and {models[-1]} differ in the tensor {min(different)[0]}")
    for name, shape in shapes[-1].items():
        rows = max(1, PIECE * shape[0] // prod(shape))
        for start in range(0, shape[0], rows):
            yield [{name: _rows(model, name, start, start + rows).flatten().float()} for model in models]


def merge(
    models: Sequence[Path], outputs: Sequence[Path], combine: Callable[[list[Weights]], Sequence[Weights]]
) -> None:
    """Writes models whose weights are those of others combined.

    combine: takes a piece of each model, as `pieces` gives them, and returns one for each output.
    The outputs have the configuration, the tokenizer and the number types of the last model.
    """
    like = models[-1]
    with safe_open(like / FILE, "pt") as file:
        types = {name: file.get_slice(name)[:1].dtype for name in file.offset_keys()}
    with ExitStack() as stack:
        files = []
        for output in outputs:
            shutil.copytree(like, output, ignore=shutil.ignore_patterns("*.safetensors", "README.md"))
            files.append(stack.enter_context((output / FILE).open("wb")))
            files[-1].write(_header(like))
        for parts in pieces(models):
            for file, combined in zip(files, combine(parts), strict=True):
                for name, tensor in combined.items():
                    file.write(tensor.to(types[name]).view(torch.uint8).numpy().data)


def _shapes(model: Path) -> dict[str, tuple[int, ...]]:
    """Shapes by name, in the order of the file."""
    if not (model / FILE).exists():
        raise FileNotFoundError(f"{model} has no {FILE}: only models with their weights in one file can be merged")
    with safe_open(model / FILE, "pt") as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in file.offset_keys()}


def _rows(model: Path, name: str, start: int, stop: int) -> Tensor:
    """Rows of a tensor. The file is opened anew each time: what was read of an open one stays in memory."""
    with safe_open(model / FILE, "pt") as file:
        return file.get_slice(name)[start:stop]


def _header(model: Path) -> bytes:
    """What a safetensors file has before its tensors: eight bytes with the length of their table, and the table."""
    with (model / FILE).open("rb") as file:
        length = file.read(8)
        return length + file.read(int.from_bytes(length, "little"))
