"""Mistakes in what the parameters say of models in local directories, read from their small files alone."""

import json
from collections.abc import Iterator
from pathlib import Path

from safetensors import SafetensorError, safe_open

Problems = Iterator[tuple[str, str]]
LLAMA = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}  # of a base trained from scratch


def directory_problems(key: str, directory: Path) -> Problems:
    """A directory that is not there, or does not hold a model with safetensors."""
    if not directory.is_dir():
        yield key, f"there is no directory {directory}; a model on the hub is hub:OWNER/MODEL"
    elif not (directory / "config.json").exists():
        yield key, f"{directory} holds no config.json: it is no model that transformers has saved"
    elif not list(directory.glob("*.safetensors")):
        yield key, f"{directory} holds no *.safetensors; save the model with safe_serialization=True"


def position_problems(key: str, directory: Path, there: set[str]) -> Problems:
    """A model that learns a vector per position, while TRL counts positions from the padding. there: its matrices."""
    if any(map(is_of_positions, there)):
        yield key, learns_positions(str(directory))


def is_of_positions(matrix: str) -> bool:
    """Whether a matrix holds a vector per position, by the last part of its name."""
    return matrix == "wpe" or "position" in matrix


def learns_positions(source: str) -> str:
    """What is said of a model that learns a vector per position."""
    return (
        f"{source} learns a vector per position; take a model with rotary positions, such as Llama, Mistral, Gemma, "
        "Qwen or SmolLM"
    )


def output_problems(key: str, directory: Path, weights: int) -> Problems:
    """A number of weights that is not the number of a classifier's outputs."""
    config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    outputs = len(config.get("id2label") or range(config.get("num_labels", 2)))  # transformers' default is 2
    if outputs != weights:
        yield key, f"{directory} has {outputs} outputs, so that there have to be {outputs} weights, not {weights}"


def module_problems(key: str, modules: list[str], there: set[str]) -> Problems:
    """Names of LoRA modules that the model has not."""
    for module in modules:
        if module.rpartition(".")[2] not in there:
            yield key, f"the model has no module {module}; it has {', '.join(sorted(there))}"


def modules_of(directory: Path) -> set[str]:
    """The last names of a model's matrices, by the headers of its safetensors files; empty if they cannot be read."""
    found = set()
    for file in directory.glob("*.safetensors"):
        try:
            with safe_open(file, framework="numpy") as tensors:
                matrices = [name for name in tensors.keys() if len(tensors.get_slice(name).get_shape()) == 2]  # noqa: SIM118
        except SafetensorError:
            return set()
        found |= {name.split(".")[-2] for name in matrices if name.endswith(".weight")}
    return found
