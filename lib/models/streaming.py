"""Models on disk, merged piece by piece: a merge needs a few megabytes of memory and runs at the speed of the disk.

A model is a directory as transformers writes it, with its weights in one file, `model.safetensors`: eight bytes with
the length of a table, the table of the tensors in JSON, and the tensors. The library that writes such files needs a
whole model in memory, and keeps what it has read of one there.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from math import prod
from pathlib import Path
from types import TracebackType

import torch
from torch import Tensor

from lib.merges.task_vectors import Weights
from lib.models.frozen import require_same_frozen
from lib.models.lora_on_disk import base_of, is_adapter, merge_adapters, read_factors

FILE = "model.safetensors"
PIECE = 2**17  # numbers
Combine = Callable[[list[Weights]], Sequence[Weights]]
TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


class Checkpoint:
    """The weights of one model, open for reading.

    shapes and types are by name, in the order of the file; header is what the file has before its tensors.
    Raises FileNotFoundError where there is no file of weights, ValueError where it has other types than floats.
    """

    def __init__(self, model: Path) -> None:
        self.path = model / FILE
        if not self.path.exists():
            raise FileNotFoundError(f"{model} has no {FILE}: only models with their weights in one file can be merged")
        self.file = self.path.open("rb")
        length = self.file.read(8)
        self.header = length + self.file.read(int.from_bytes(length, "little"))
        table = json.loads(self.header[8:])
        table.pop("__metadata__", None)
        entries = sorted(table.items(), key=lambda item: item[1]["data_offsets"])
        if other := [name for name, entry in entries if entry["dtype"] not in TYPES]:
            raise ValueError(f"{self.path}: {other[0]} is not of a type that can be merged ({', '.join(TYPES)})")
        self.shapes = {name: tuple(entry["shape"]) for name, entry in entries}
        self.types = {name: TYPES[entry["dtype"]] for name, entry in entries}
        self._offsets = {name: len(self.header) + entry["data_offsets"][0] for name, entry in entries}

    def read(self, name: str, start: int, count: int) -> Tensor:
        """Numbers of a tensor from `start`, flat and in float32. Raises ValueError when the file ends before them."""
        size = self.types[name].itemsize
        buffer = bytearray(count * size)
        self.file.seek(self._offsets[name] + start * size)
        if self.file.readinto(buffer) < len(buffer):
            raise ValueError(f"{self.path} ends within {name}: it was not written to its end")
        return torch.frombuffer(buffer, dtype=self.types[name]).float()

    def __enter__(self) -> "Checkpoint":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.file.close()


class WithFactors(Checkpoint):
    """The weights of a LoRA policy, W + B A."""

    def __init__(self, model: Path) -> None:
        super().__init__(base_of(model))
        self.factors = read_factors(model)
        if unknown := self.factors.keys() - self.shapes.keys():
            raise ValueError(f"{model} changes {min(unknown)}, which {base_of(model)} has not")
        self._delta = "", torch.empty(0)  # of the tensor that was read last

    def read(self, name: str, start: int, count: int) -> Tensor:
        """Numbers of a tensor from `start`, flat and in float32."""
        base = super().read(name, start, count)
        if name not in self.factors:
            return base
        if self._delta[0] != name:
            a, b = self.factors[name]
            self._delta = name, (b @ a).flatten()
        return base + self._delta[1][start : start + count]


def pieces(models: Sequence[Path], whole: bool = False) -> Iterator[list[Weights]]:
    """The weights of N models of one architecture, one piece of one tensor at a time, flat and in float32.

    whole: one tensor at a time, in its shape. Each item has a dictionary per model with one name in it. Tensors come in
    the order of the last model's file.
    Raises ValueError when the models' tensors differ, or what is frozen in them, and what `Checkpoint` raises.
    """
    require_same_frozen(models)
    with ExitStack() as stack:
        kinds = [WithFactors if is_adapter(model) else Checkpoint for model in models]
        opened = [stack.enter_context(kind(model)) for kind, model in zip(kinds, models)]
        shapes = opened[-1].shapes
        for model, checkpoint in zip(models, opened):
            if different := set(checkpoint.shapes.items()) ^ set(shapes.items()):
                raise ValueError(f"{model} and {models[-1]} differ in the tensor {min(different)[0]}")
        for name, shape in shapes.items():
            if whole:
                yield [{name: checkpoint.read(name, 0, prod(shape)).view(shape)} for checkpoint in opened]
                continue
            for start in range(0, prod(shape), PIECE):
                count = min(PIECE, prod(shape) - start)
                yield [{name: checkpoint.read(name, start, count)} for checkpoint in opened]


def merge(models: Sequence[Path], outputs: Sequence[Path], combine: Combine) -> None:
    """Writes models whose weights are those of others combined.

    combine: takes a piece of each model, as `pieces` gives them, and returns one for each output.
    The outputs have the configuration, the tokenizer and the number types of the last model. LoRA policies are merged
    into LoRA policies (`lib.models.lora_on_disk.merge_adapters`).
    """
    like = models[-1]
    if is_adapter(like):
        merge_adapters(models, outputs, combine)
        return
    write_weights(outputs, *copy_all_else(like, outputs), map(combine, pieces(models)))


def copy_all_else(model: Path, outputs: Sequence[Path]) -> tuple[bytes, dict[str, torch.dtype]]:
    """Writes what a model has beside its weights and its card. Returns the header of its weights, and their types."""
    for output in outputs:
        shutil.copytree(model, output, ignore=shutil.ignore_patterns("*.safetensors", "README.md"))
    with Checkpoint(model) as layout:
        return layout.header, layout.types


def write_weights(
    models: Sequence[Path], header: bytes, types: Mapping[str, torch.dtype], parts: Iterable[Sequence[Weights]]
) -> None:
    """Writes the file of weights of each model, piece by piece, in the types and the order of the header."""
    with ExitStack() as stack:
        files = [stack.enter_context((model / FILE).open("wb")) for model in models]
        for file in files:
            file.write(header)
        for part in parts:
            for file, combined in zip(files, part, strict=True):
                for name, tensor in combined.items():
                    file.write(tensor.flatten().to(types[name]).view(torch.uint8).numpy().data)
