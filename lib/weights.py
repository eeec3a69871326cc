"""A policy as named tensors, and back."""

import torch
from torch import Tensor
from transformers import PreTrainedModel

Weights = dict[str, Tensor]


def weights(model: PreTrainedModel) -> Weights:
    """A copy of the model's weights in float32; tied tensors once."""
    return {name: parameter.detach().float().clone() for name, parameter in model.named_parameters()}


@torch.no_grad()
def set_weights(model: PreTrainedModel, new: Weights) -> None:
    """Overwrites the model's weights, in the model's own type."""
    for name, parameter in model.named_parameters():
        parameter.copy_(new[name])
