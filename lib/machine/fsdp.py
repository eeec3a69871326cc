"""Models whose weights FSDP has laid out over several processes."""

import torch
from torch import nn

from lib.machine.processes import ALONE, share


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
