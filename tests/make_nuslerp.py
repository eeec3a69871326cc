"""Writes tests/nuslerp.safetensors: what mergekit makes of two small models, for lib.merging to agree with.

In an environment with mergekit 0.1.5, which this project does not install: `python -m tests.make_nuslerp`.
"""

import subprocess
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

FILE = Path(__file__).parent / "nuslerp.safetensors"
WEIGHT = 0.25  # λ of the second model
RECIPE = f"""
merge_method: nuslerp
base_model: start
models:
  - {{model: first, parameters: {{weight: {1 - WEIGHT}}}}}
  - {{model: second, parameters: {{weight: {WEIGHT}}}}}
dtype: float32
"""


def small_llama(noise_seed: int, noise: float) -> LlamaForCausalLM:
    """One and the same Llama of 920 weights, plus noise of its own."""
    sizes = {"vocab_size": 16, "hidden_size": 8, "intermediate_size": 16, "max_position_embeddings": 16}
    heads = {"num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2}
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**sizes, **heads, tie_word_embeddings=False))
    torch.manual_seed(noise_seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(noise * torch.randn_like(parameter))
    return model


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, seed, noise in (("start", 0, 0.0), ("first", 1, 0.01), ("second", 2, 0.02)):
            small_llama(seed, noise).save_pretrained(Path(folder, name))
        Path(folder, "recipe.yaml").write_text(RECIPE)
        options = ["--no-copy-tokenizer", "--no-write-model-card"]
        subprocess.run(["mergekit-yaml", "recipe.yaml", "merged", *options], cwd=folder, check=True)
        tensors = {
            f"{name}/{key}": tensor
            for name in ("start", "first", "second", "merged")
            for key, tensor in load_file(Path(folder, name, "model.safetensors")).items()
        }
    save_file(tensors, FILE)


if __name__ == "__main__":
    main()
