"""Writes tests/merges.safetensors: what mergekit makes of the models of tests/nuslerp.safetensors by other methods.

In an environment with mergekit 0.1.5, which this project does not install: `python -m tests.make_merges`.
mergekit's dare_linear draws random numbers of its own and keeps the sum of sizes instead of 1 / (1 − p): it is compared
where nothing is dropped.
"""

import subprocess
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from tests.make_nuslerp import FILE as MODELS
from tests.make_nuslerp import small_llama

FILE = Path(__file__).parent / "merges.safetensors"
WEIGHTS = {
    "linear": (0.75, 0.25),
    "ties": (0.75, 0.25),
    "ties_equal": (0.5, 0.5),
    "dare": (0.75, 0.25),
    "model_stock": (0.5, 0.5),
}
METHODS = {
    "linear": "linear",
    "ties": "ties\nbase_model: start",
    "ties_equal": "ties\nbase_model: start",
    "dare": "dare_linear\nbase_model: start",
    "model_stock": "model_stock\nbase_model: start",
}
DENSITY = {"ties": 0.2, "ties_equal": 0.2, "dare": 1.0}


def recipe(name: str) -> str:
    """What mergekit is told."""
    density = f", density: {DENSITY[name]}" if name in DENSITY else ""
    models = [
        f"  - {{model: {model}, parameters: {{weight: {weight}{density}}}}}"
        if name != "model_stock"
        else f"  - {{model: {model}}}"
        for model, weight in zip(("first", "second"), WEIGHTS[name])
    ]
    return "\n".join([f"merge_method: {METHODS[name]}", "models:", *models, "dtype: float32", ""])


def main() -> None:
    stored, tensors = load_file(MODELS), {}
    with tempfile.TemporaryDirectory() as folder:
        for model in ("start", "first", "second"):
            llama = small_llama(0, 0.0)
            own = {name.partition("/")[2]: tensor for name, tensor in stored.items() if name.startswith(f"{model}/")}
            llama.load_state_dict(own)
            llama.save_pretrained(Path(folder, model))
        for name in WEIGHTS:
            Path(folder, "recipe.yaml").write_text(recipe(name))
            options = ["--no-copy-tokenizer", "--no-write-model-card"]
            subprocess.run(["mergekit-yaml", "recipe.yaml", name, *options], cwd=folder, check=True)
            merged = load_file(Path(folder, name, "model.safetensors"))
            tensors |= {f"{name}/{key}": tensor for key, tensor in merged.items()}
    assert all(tensor.dtype == torch.float32 for tensor in tensors.values())
    save_file(tensors, FILE)


if __name__ == "__main__":
    main()
