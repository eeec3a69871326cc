"""The device and the precision that models compute with."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch

MOST_LOGITS = 2**28  # that are held at once: a gigabyte in float32


class Compute(NamedTuple):
    """A device, and the type that matrices are multiplied in.

    With bfloat16 only frozen weights are stored in it. Weights that are trained or averaged are stored in float32.
    """

    device: torch.device
    dtype: torch.dtype

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Compute":
        """settings: `device` (auto, cpu or cuda) and `precision` (auto, float32 or bfloat16).

        auto: a GPU if there is one, and bfloat16 if the device has units for it.
        Raises ValueError if the device is not there.
        """
        name = settings["device"]
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        device = torch.device(name)
        if device.type == "cuda" and not torch.cuda.is_available():
            raise ValueError("compute.device: there is no GPU that PyTorch can use here; `auto` falls back to the CPU")
        precision = settings["precision"]
        if precision == "auto":
            precision = "bfloat16" if multiplies_bfloat16(device) else "float32"
        return cls(device, getattr(torch, precision))


CPU = Compute(torch.device("cpu"), torch.float32)


def texts_at_once(length: int, vocabulary: int) -> int:
    """How many texts of `length` tokens fit into one batch, by the memory of their logits."""
    return max(1, MOST_LOGITS // (length * vocabulary))


def logits_fit(tokens: int, vocabulary: int) -> bool:
    """Whether the logits of so many tokens may be held at once."""
    return tokens * vocabulary <= MOST_LOGITS


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the device has units for bfloat16. On a CPU these are AMX; without them it is slower than float32."""
    return (
        torch.cuda.is_bf16_supported(including_emulation=False)
        if device.type == "cuda"
        else torch.cpu._is_amx_tile_supported()
    )
