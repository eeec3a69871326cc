"""A policy as named tensors, and back."""

import torch
from torch import Tensor, nn

from lib.processes import ALONE, share

Weights = dict[str, Tensor]


def weights(model: nn.Module) -> Weights:
    """A copy of the model's weights in float32; tied tensors once.

    A LoRA model's are those of the plain model that it stands for: W + (α/r) B A, merged in
    float32, under the plain model's names. Averages of A and of B apart are not averages of policies.
    Raises ValueError where an adapter has more than A and B.
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
def make_whole(model: nn.Module) -> None:
    """Has a model that FSDP has laid out over processes hold all of its weights in each, on the CPU: to be written, as
    it computes no more. All processes have to call it. Other models stay as they are.
    """
    if share() == ALONE:
        return
    from torch.distributed.fsdp import FSDPModule  # which take 2 s that one process need not wait for
    from torch.distributed.tensor import DTensor

    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.reshard()  # or it would do so when it is written, and take its parts back
    whole: dict[int, nn.Parameter] = {}
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if isinstance(parameter, DTensor):
                if id(parameter) not in whole:  # tied weights stay tied
                    whole[id(parameter)] = nn.Parameter(parameter.full_tensor().cpu(), requires_grad=False)
                module.register_parameter(name, whole[id(parameter)])


@torch.no_grad()
def set_weights(model: nn.Module, new: Weights) -> None:
    """Overwrites the model's weights, in the model's own type."""
    for name, parameter in model.named_parameters():
        parameter.copy_(new[name])
