"""The weights of a policy as named tensors."""

import torch
from torch import nn

from lib.merges.task_vectors import Weights


def weights_of(model: nn.Module) -> Weights:
    """A copy of the model's weights in float32; tied tensors once.

    For a LoRA model: W + (α/r) B A in float32, under the names of the model without adapters. An average of A and B
    themselves would not be an average of policies.
    Raises ValueError if an adapter has more than A and B.
    """
    if not hasattr(model, "peft_config"):
        return {name: parameter.detach().float().clone() for name, parameter in model.named_parameters()}
    for name, _ in model.named_parameters():
        if "lora_magnitude_vector" in name or "modules_to_save" in name:
            raise ValueError(f"{name}: only LoRA without DoRA and modules_to_save can be averaged")
    plain = model.get_base_model()
    merged = {
        name.replace(".base_layer.", "."): parameter.detach().float().clone()
        for name, parameter in plain.named_parameters()
        if ".lora_" not in name
    }
    for name, module in plain.named_modules():
        if hasattr(module, "get_delta_weight"):
            for adapter in module.active_adapters:
                merged[f"{name}.weight"] += module.get_delta_weight(adapter).detach().float()
    return merged


@torch.no_grad()
def set_weights(model: nn.Module, new: Weights) -> None:
    """Overwrites the model's weights; they keep their type."""
    for name, parameter in model.named_parameters():
        parameter.copy_(new[name])
