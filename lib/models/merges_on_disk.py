"""A merge of the table (`lib.merging`) of models on disk, as a model on disk.

Memory: a few pieces of a tensor where the merge takes numbers one by one or needs inner products alone, and the largest
tensor of each model where it needs whole tensors.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path

import torch

from lib.merges.kinds import Merge, TensorMerge
from lib.models.lora_on_disk import base_of, is_adapter
from lib.models.streaming import Checkpoint, copy_all_else, merge, pieces, write_weights


def write_merge(by: Merge, start: Path, policies: Sequence[Path], weights: Sequence[float], model: Path) -> None:
    """Writes the merge of N policies that were trained from `start`, with λ on the simplex as their weights.

    A merge of LoRA policies is a LoRA policy, exactly, where it is a sum of policies. Any other has no low rank and is
    written as a plain model, with all weights W + B A.
    Raises ValueError where the models or the weights do not fit the merge.
    """
    models = by.models(start, policies)
    step = by.step(pieces(models), weights)
    if not isinstance(by, TensorMerge):
        merge(models, [model], lambda parts: [step(parts)])
        return
    like = policies[-1]
    layout = copy_as_plain(like, model) if is_adapter(like) else copy_all_else(like, [model])
    write_weights([model], *layout, ([step(parts)] for parts in pieces(models, whole=by.unit == "tensor")))


def copy_as_plain(policy: Path, model: Path) -> tuple[bytes, dict[str, torch.dtype]]:
    """Writes what a plain model has beside its weights, where a LoRA policy is to become one.

    Returns the header of its weights, and their types: float32, as the base model's type would lose a small change in
    rounding.
    """
    base = base_of(policy)
    copy_all_else(base, [model])
    beside_factors = shutil.ignore_patterns("adapter_*", "README.md")
    shutil.copytree(policy, model, ignore=beside_factors, dirs_exist_ok=True)
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"dtype": "float32"}, indent=2) + "\n")
    with Checkpoint(base) as layout:
        return float32_header(layout.shapes), dict.fromkeys(layout.shapes, torch.float32)


def float32_header(shapes: Mapping[str, tuple[int, ...]]) -> bytes:
    """What a file of weights in float32 has before its tensors, which come in the order of `shapes`."""
    table: dict[str, dict] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + prod(shape) * torch.float32.itemsize
        table[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(table).encode()
    text += b" " * (-len(text) % 8)  # the tensors have to start at a multiple of 8
    return len(text).to_bytes(8, "little") + text
