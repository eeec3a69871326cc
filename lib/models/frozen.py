"""What stands beside weights and is none: models that are merged must have it in common, and the merge has it too."""

from collections.abc import Sequence
from pathlib import Path

FROZEN = "frozen.json"  # such as how a robot's observations are normalised; language models have none


def require_same_frozen(models: Sequence[Path]) -> None:
    """Raises ValueError where the models differ in it, byte by byte: it cannot be averaged."""
    held = [(model / FROZEN).read_bytes() if (model / FROZEN).exists() else None for model in models]
    for model, frozen in zip(models, held):
        if frozen != held[-1]:
            raise ValueError(f"{model} and {models[-1]} differ in {FROZEN}: only models that share it can be merged")
