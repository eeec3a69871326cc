"""Models on disk, merged piece by piece: a merge needs a few megabytes of memory and runs at the speed of the disk.

A model is a directory as transformers writes it, with its weights in one file, `model.safetensors`: eight bytes with
the length of a table, the table of the tensors in JSON, and the tensors. The library that writes such files needs a
whole model in memory, and keeps what it has read of one there.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from math import prod
from pathlib import Path
from types import TracebackType

import torch
from torch import Tensor

from lib.merging import Weights
from lib.models.lora_on_disk import base_of, is_adapter, merge_adapters, read_factors

FILE = "model.safetensors"
PIECE = 2**17  # numbers
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


def pieces(models: Sequence[Path]) -> Iterator[list[Weights]]:
    """The weights of N models of one architecture, one piece of one tensor at a time, flat and in float32.

    Each item has a dictionary per model with one name in it. Tensors come in the order of the last model's file.
    Raises ValueError when the models' tensors differ, and what `Checkpoint` raises.
    """
    with ExitStack() as stack:
        kinds = [WithFactors if is_adapter(model) else Checkpoint for model in models]
        opened = [stack.enter_context(kind(model)) for kind, model in zip(kinds, models)]
        shapes = opened[-1].shapes
        for model, checkpoint in zip(models, opened):
            if different := set(checkpoint.shapes.items()) ^ set(shapes.items()):
                raise ValueError(f"{model} and {models[-1]} differ in the tensor {min(different)[0]}")
        for name, shape in shapes.items():
            for start in range(0, prod(shape), PIECE):
                count = min(PIECE, prod(shape) - start)
                yield [{name: checkpoint.read(name, start, count)} for checkpoint in opened]


def merge(
    models: Sequence[Path], outputs: Sequence[Path], combine: Callable[[list[Weights]], Sequence[Weights]]
) -> None:
    """Writes models whose weights are those of others combined.

    combine: takes a piece of each model, as `pieces` gives them, and returns one for each output.
    The outputs have the configuration, the tokenizer and the number types of the last model. LoRA policies are merged
    into LoRA policies (`lib.models.lora_on_disk.merge_adapters`).
    """
    like = models[-1]
    if is_adapter(like):
        merge_adapters(models, outputs, combine)
        return
    with ExitStack() as stack:
        layout = stack.enter_context(Checkpoint(like))
        files = []
        for output in outputs:
            shutil.copytree(like, output, ignore=shutil.ignore_patterns("*.safetensors", "README.md"))
            files.append(stack.enter_context((output / FILE).open("wb")))
            files[-1].write(layout.header)
        for parts in pieces(models):
            for file, combined in zip(files, combine(parts), strict=True):
                for name, tensor in combined.items():
                    file.write(tensor.to(layout.types[name]).view(torch.uint8).numpy().data)
