"""A model whose weights FSDP has laid out over processes samples and is written: for test_processes, by torchrun."""

import json
import sys
from pathlib import Path

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from transformers import AutoModelForCausalLM

from lib.machine.fsdp import make_whole
from lib.machine.processes import share
from lib.policies.sampling import sample

PROMPTS = [[5, 6, 7], [8], [9, 10], [11, 12]]


def completions(model, prompts, **more):
    """From the same random numbers each time."""
    torch.manual_seed(0)
    return sample([model], [1.0], prompts, max_new_tokens=6, temperature=1.0, **more)


def main(folder: Path) -> None:
    """Writes what each process draws of its prompts, and its model."""
    torch.distributed.init_process_group("gloo")
    process = share()
    model = AutoModelForCausalLM.from_pretrained(folder / "base").eval()
    mesh = init_device_mesh("cpu", (process.count,))
    for part in (*model.model.layers, model):
        fully_shard(part, mesh=mesh)
    assert any(parameter.to_local().numel() < parameter.numel() for parameter in model.parameters())
    rows = len(PROMPTS) // process.count
    drawn = completions(model, PROMPTS[process.index * rows :][:rows], share=process)
    make_whole(model)
    model.save_pretrained(folder / "model")  # which writes on the first process
    (folder / f"{process.index}.json").write_text(json.dumps(drawn))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
