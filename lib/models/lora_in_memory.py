"""LoRA policies in memory: PEFT adapters on a frozen base model. Several policies share the base model's tensors."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from transformers import PreTrainedModel

from lib.merges.task_vectors import Weights
from lib.models.given_models import module_problems
from lib.models.lora_on_disk import Factors

TRAINED = "default"  # the adapter that is trained, by the name that TRL expects
START = "start"  # the frozen adapter of the policy that training starts from


def factors_of(policy: PeftModel) -> Factors:
    """The factors of all active adapters, concatenated along the rank; B includes the scale α/r."""
    factors = {}
    for name, layer in lora_layers(policy).items():
        active = layer.active_adapters
        a = [layer.lora_A[adapter].weight for adapter in active]
        b = [layer.lora_B[adapter].weight * layer.scaling[adapter] for adapter in active]
        factors[name] = torch.cat(a).detach().float().cpu(), torch.cat(b, dim=1).detach().float().cpu()
    return factors


def lora_layers(policy: PeftModel) -> dict[str, LoraLayer]:
    """The layers that have adapters, by the name of the weight that the adapters change."""
    return {
        f"{name}.weight": module
        for name, module in policy.get_base_model().named_modules()
        if isinstance(module, LoraLayer)
    }


def deltas(policy: PeftModel) -> Weights:
    """Σ (α/r) B A of all active adapters: the exact change of each weight, in float32."""
    return {
        name: sum(layer.get_delta_weight(adapter).detach().float() for adapter in layer.active_adapters)
        for name, layer in lora_layers(policy).items()
    }


def trainable(model: PreTrainedModel | PeftModel, lora: Mapping[str, Any], seed: int) -> PeftModel:
    """The model with a new trainable adapter. All other weights, older adapters included, are frozen.

    lora: `rank`, `alpha` and `modules`, the names of the layers that the adapter changes. A is drawn from `seed` and B
    is 0, so the policy starts equal to the model. Raises ValueError if the model lacks one of the modules.
    """
    matrices = [
        name for name, layer in model.named_modules() if getattr(getattr(layer, "weight", None), "ndim", 0) == 2
    ]
    there = {name.rpartition(".")[2] for name in matrices if ".lora_" not in name}
    for key, problem in module_problems("lora.modules", lora["modules"], there):
        raise ValueError(f"{key}: {problem}")
    config = LoraConfig(
        r=lora["rank"], lora_alpha=lora["alpha"], target_modules=list(lora["modules"]), task_type="CAUSAL_LM"
    )
    torch.manual_seed(seed)
    if isinstance(model, PeftModel):
        model.add_adapter(TRAINED, config)
        model.base_model.set_adapter([START, TRAINED])
    else:
        model = get_peft_model(model, config, adapter_name=TRAINED)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(f".{TRAINED}." in name)
    return model


def read(model: Path, base: PreTrainedModel) -> PeftModel:
    """The base model with the factors in a directory, frozen. It shares the tensors of `base`, which is not changed."""
    return PeftModel.from_pretrained(sharing(base), model, adapter_name=START).eval().requires_grad_(False)


def sharing(model: PreTrainedModel) -> PreTrainedModel:
    """A second model on the same tensors: adapters added to one are not in the other. The tensors must stay frozen."""
    tensors = [*model.parameters(), *model.buffers()]
    return copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})


class WithDelta(nn.Module):
    """W x + Δ x with Δ in float32: W + Δ in the type of W would lose a small Δ in rounding.

    layer: a linear layer, frozen. delta: (out, in).
    """

    def __init__(self, layer: nn.Module, delta: Tensor) -> None:
        super().__init__()
        self.layer = layer
        self.delta = nn.Parameter(delta, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """(…, in) to (…, out)."""
        return self.layer(x) + nn.functional.linear(x, self.delta.to(x.dtype))


def with_dense_deltas(policy: PeftModel) -> tuple[PreTrainedModel, Weights]:
    """The same policy with Δ of full rank in place of its adapters, and these Δ by name. Writing to them moves it."""
    dense = deltas(policy)
    model = policy.unload()
    for name, delta in dense.items():
        module = name.removesuffix(".weight")
        model.set_submodule(module, WithDelta(model.get_submodule(module), delta))
    return model, {name: model.get_submodule(name.removesuffix(".weight")).delta for name in dense}
