"""Where and how precisely models compute."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch

LARGEST = 2**28  # numbers of what a model says of the next tokens of some texts: a gigabyte in float32


class Compute(NamedTuple):
    """A device, and the type of what is multiplied on it.

    In bfloat16 only what is frozen is kept so; what learns, moves or is averaged is kept in float32.
    """

    device: torch.device
    dtype: torch.dtype

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> "Compute":
        """asked: `device` (auto, cpu or cuda) and `precision` (auto, float32 or bfloat16).

        auto is a GPU where there is one, and bfloat16 where the device has units for it.
        Raises ValueError where the device is not there.
        """
        name = asked["device"]
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        device = torch.device(name)
        if device.type == "cuda" and not torch.cuda.is_available():
            raise ValueError("compute.device: there is no GPU that PyTorch can use here; `auto` takes what there is")
        precision = asked["precision"]
        if precision == "auto":
            precision = "bfloat16" if multiplies_bfloat16(device) else "float32"
        return cls(device, getattr(torch, precision))


CPU = Compute(torch.device("cpu"), torch.float32)


def texts_at_once(length: int, vocabulary: int) -> int:
    """Of how many texts of a length in tokens the logits of all next tokens are held together."""
    return max(1, LARGEST // (length * vocabulary))


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the device has units for it: on a CPU these are AMX's, without which it is slower than float32."""
    return (
        torch.cuda.is_bf16_supported(including_emulation=False)
        if device.type == "cuda"
        else torch.cpu._is_amx_tile_supported()
    )
