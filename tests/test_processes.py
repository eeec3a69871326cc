"""Trainings in two processes on a CPU, by gloo: the losses and the policies of one, to rounding."""

import json
import re
import shutil
import subprocess
import sys

import pytest
import torch
import yaml
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from lib.models.weights import weights_of
from tests.checkout import ROOT
from tests.sharded import PROMPTS, completions
from tests.small_trainings import LORA, TRAININGS, write_inputs

pytestmark = pytest.mark.long
ROUNDING = 1e-4
CASES = [*((name, None) for name in TRAININGS if name != "ppo"), ("reward", LORA), ("rloo", LORA)]


def curve(output):
    """The numbers that a training tells along its steps."""
    return [float(number) for line in re.findall("^step .*", output, re.M) for number in re.findall(r"-?[0-9.]+", line)]


@pytest.mark.parametrize(("name", "lora"), CASES, ids=lambda value: "lora" if value is LORA else value)
def test_two_processes_do_what_one_does(tmp_path, llama, tokenizer, name, lora):
    """The policies' anchors move: each process has one of its own, and they are the same."""
    write_inputs(tmp_path, llama, tokenizer)
    said, made = {}, {}
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        said[processes] = TRAININGS[name].apart(tmp_path, folder, processes, lora)
        made[processes] = load_file(next((folder / "model").glob("*model.safetensors")))
        assert {path.name for path in folder.iterdir()} == set(TRAININGS[name].makes(lora))
    start = load_file(tmp_path / "base/model.safetensors")
    assert max((tensor - start.get(key, 0)).abs().max() for key, tensor in made[1].items()) > 10 * ROUNDING
    for key, tensor in made[1].items():
        assert torch.allclose(made[2][key], tensor, atol=ROUNDING), key
    assert curve(said[1])
    assert curve(said[2]) == pytest.approx(curve(said[1]), abs=2e-3)  # of numbers with three digits
    if name in ("rloo", "grpo"):
        histories = [json.loads((tmp_path / str(processes) / "history").read_text()) for processes in (1, 2)]
        for one, two in zip(*(history["history"] for history in histories), strict=True):
            assert one == pytest.approx(two, abs=ROUNDING)


def test_a_rule_that_trains_is_started_by_accelerate(copy_of_finished):
    """WARP's policy, whose anchor moves, with its KL as one process has it."""
    checkout, policy = copy_of_finished, "results/smoke/warp/M-2/iteration-2/policy-1/seed-1"
    config = yaml.safe_load((ROOT / "profiles/accelerate/multi_gpu.yaml").read_text()) | {"num_processes": 2}
    (checkout.root / "profiles/accelerate/two.yaml").write_text(yaml.safe_dump(config))
    checkout.edit_params({"training.launch": "two"})
    assert not checkout.would_make()
    alone = json.loads((checkout.root / f"{policy}.json").read_text())
    shutil.rmtree(checkout.root / policy)
    checkout.snakemake("--", policy)
    together = json.loads((checkout.root / f"{policy}.json").read_text())
    assert together != alone
    for one, two in zip(alone["history"], together["history"], strict=True):
        assert one == pytest.approx(two, abs=1e-3)


def test_a_model_laid_out_by_fsdp_samples_and_is_written_as_a_whole(tmp_path, llama):
    """As far as FSDP goes on a CPU: accelerate lays models out on GPUs alone."""
    llama.save_pretrained(tmp_path / "base")
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "tests.sharded", tmp_path]
    done = subprocess.run(launch, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    drawn = [json.loads((tmp_path / f"{process}.json").read_text()) for process in (0, 1)]
    assert drawn[0] + drawn[1] == completions(llama, PROMPTS)
    whole = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    assert type(whole).__name__ == "LlamaForCausalLM"
    for name, tensor in weights_of(llama).items():
        assert torch.equal(weights_of(whole)[name], tensor), name
