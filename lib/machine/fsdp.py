"""Models whose weights FSDP has sharded over several processes."""

import torch
from torch import nn

from lib.machine.processes import ALONE, share


@torch.no_grad()
def make_whole(model: nn.Module) -> None:
    """Gathers all weights of a model that FSDP has sharded, in each process and on the CPU.

    The model can then be saved but not run. All processes have to call it. Other models stay as they are.
    """
    if share() == ALONE:
        return
    from torch.distributed.fsdp import FSDPModule  # imported here: it takes 2 s, and one process does not need it
    from torch.distributed.tensor import DTensor

    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.reshard()  # otherwise saving would, and undo what follows
    whole: dict[int, nn.Parameter] = {}
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if isinstance(parameter, DTensor):
                if id(parameter) not in whole:  # tied weights stay tied
                    whole[id(parameter)] = nn.Parameter(parameter.full_tensor().cpu(), requires_grad=False)
                module.register_parameter(name, whole[id(parameter)])
