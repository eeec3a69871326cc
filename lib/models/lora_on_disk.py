"""LoRA policies on disk, and their exact merges.

A LoRA policy has W + B A in place of some matrices W of a base model, θ_pre. If A and B are averaged separately, the
result differs from the average of the policies by λ₁λ₂ (B₁ − B₂)(A₁ − A₂). Here all policies are first written on one
basis, the rows of all their A. On this basis a policy is linear in its B, so that linear merges of B are exact.
"""

import json
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from lib.merges.task_vectors import Weights

CONFIG, FILE = "adapter_config.json", "adapter_model.safetensors"
TENSOR_NAME = "base_model.model.{module}.lora_{factor}.weight"

Factors = dict[str, tuple[Tensor, Tensor]]
"""A (r, in) and B (out, r) in float32, by the name of the weight W that becomes W + B A."""


def is_adapter(model: Path) -> bool:
    """Whether a directory holds LoRA factors, not full weights."""
    return (model / CONFIG).exists()


def base_of(model: Path) -> Path:
    """The directory of the base model of a LoRA policy."""
    return Path(json.loads((model / CONFIG).read_text())["base_model_name_or_path"])


def read_factors(model: Path) -> Factors:
    """The factors that `write_factors` wrote to a directory."""
    tensors = load_file(model / FILE)
    names = [name.removesuffix(".lora_A.weight") for name in tensors if name.endswith(".lora_A.weight")]
    return {
        f"{name.removeprefix('base_model.model.')}.weight": (
            tensors[f"{name}.lora_A.weight"],
            tensors[f"{name}.lora_B.weight"],
        )
        for name in names
    }


def write_factors(factors: Factors, base: Path, model: Path) -> None:
    """Writes factors as PEFT reads them. r is their rank and α = r, so that PEFT adds B A unscaled."""
    model.mkdir(parents=True, exist_ok=True)
    rank = len(next(iter(factors.values()))[0])
    modules = {name.removesuffix(".weight"): pair for name, pair in factors.items()}
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": str(base),
        "r": rank,
        "lora_alpha": rank,
        "target_modules": sorted({module.rpartition(".")[2] for module in modules}),
        "inference_mode": True,
    }
    (model / CONFIG).write_text(json.dumps(config, indent=2) + "\n")
    tensors = {
        TENSOR_NAME.format(module=module, factor=factor): tensor.float().contiguous()
        for module, pair in modules.items()
        for factor, tensor in zip("AB", pair)
    }
    save_file(tensors, model / FILE, metadata={"format": "pt"})


def on_one_basis(policies: Sequence[Factors]) -> tuple[Weights, list[Weights]]:
    """The rows of all policies' A, each once, and for each policy its B on these rows.

    Policies from one start have the start's rows in common, bit by bit.
    Raises ValueError if the policies change different weights.
    """
    basis: Weights = {}
    coordinates: list[Weights] = [{} for _ in policies]
    for other in policies[1:]:
        if different := other.keys() ^ policies[0].keys():
            raise ValueError(f"the policies differ in {min(different)}, which one changes and another does not")
    for name in policies[0]:
        positions: dict[bytes, int] = {}
        rows, factors = [], []
        for policy in policies:
            a, b = policy[name]
            own = []
            for row in a:
                key = row.numpy().tobytes()
                if key not in positions:
                    positions[key] = len(rows)
                    rows.append(row)
                own.append(positions[key])
            factors.append((torch.tensor(own), b))
        basis[name] = torch.stack(rows)
        for policy, (own, b) in zip(coordinates, factors):
            policy[name] = torch.zeros(len(b), len(rows)).index_add_(1, own, b)
    return basis, coordinates


def factor_average_error(start: Factors, policies: Sequence[Factors], weights: Sequence[float]) -> float:
    """‖B̄ Ā − Σᵢ λᵢ Bᵢ Aᵢ‖ / ‖Σᵢ λᵢ (Bᵢ Aᵢ − B_start A_start)‖ with B̄ = Σᵢ λᵢ Bᵢ and Ā = Σᵢ λᵢ Aᵢ, over all weights.

    The error of averaging the factors, as public code does, relative to the task vector of the exact average.
    policies: of equal rank, all trained from `start`. weights: λ.
    """
    error = task_vector = 0.0
    for name, (start_a, start_b) in start.items():
        pairs = [policy[name] for policy in policies]
        exact = sum(weight * (b @ a) for weight, (a, b) in zip(weights, pairs))
        mean_a, mean_b = (sum(weight * pair[i] for weight, pair in zip(weights, pairs)) for i in (0, 1))
        error += float((mean_b @ mean_a - exact).square().sum())
        task_vector += float((exact - start_b @ start_a).square().sum())
    return math.sqrt(error / task_vector)


def merge_adapters(
    models: Sequence[Path], outputs: Sequence[Path], combine: Callable[[list[Weights]], Sequence[Weights]]
) -> None:
    """`lib.models.streaming.merge` for LoRA policies of one base model: `combine` receives their B on one basis.

    combine has to be linear in the policies, with coefficients that sum to 1, because each contains the base model.
    """
    bases = {base_of(model) for model in models}
    if len(bases) > 1:
        raise ValueError(f"{models[0]} and others have different base models: {', '.join(sorted(map(str, bases)))}")
    basis, coordinates = on_one_basis([read_factors(model) for model in models])
    for output, combined in zip(outputs, combine(coordinates), strict=True):
        shutil.copytree(models[-1], output, ignore=shutil.ignore_patterns(FILE, CONFIG, "README.md"))
        write_factors({name: (basis[name], b) for name, b in combined.items()}, *bases, output)
