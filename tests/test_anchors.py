import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from lib.jobs.checkpoints import Checkpoints, step_of
from lib.merging import Weights, ema
from lib.policies.anchors import CheckpointAverage
from tests.small_trainings import TRAININGS, write_inputs


def test_the_moving_average_follows_a_policy_in_bfloat16_in_float32():
    """θ_ema = 1 + 2⁻⁷ (1 − (1 − μ)ᵗ) after t steps towards 1 + 2⁻⁷; in bfloat16 it would not leave 1."""
    policy = {"w": torch.tensor([1 + 2**-7], dtype=torch.bfloat16)}
    anchor, rounded = {"w": torch.ones(1)}, {"w": torch.ones(1, dtype=torch.bfloat16)}
    for _ in range(10):
        ema(anchor, policy, 0.01)
        ema(rounded, policy, 0.01)
    assert anchor["w"].item() == pytest.approx(1 + 2**-7 * (1 - 0.99**10), rel=1e-6)
    assert rounded["w"].item() == 1


class Kept(Checkpoints):
    """Checkpoints of which all weights are kept, by step; a trainer removes all but the last two."""

    def seal(self, checkpoint: Path) -> None:
        super().seal(checkpoint)
        shutil.copy(checkpoint / "model.safetensors", self.folder.with_name(f"{step_of(checkpoint)}.safetensors"))


def equal(ours: Weights, theirs: Weights) -> bool:
    return all(torch.allclose(ours[name], tensor, rtol=0, atol=1e-6) for name, tensor in theirs.items())


def test_the_averages_of_a_training_are_those_of_its_checkpoints(tmp_path, llama, tokenizer):
    """Of 12 steps: θ_ema ← .9 θ_ema + .1 θ after each, and the mean after 3, 6, 9 and 12."""
    write_inputs(tmp_path, llama, tokenizer)
    checkpoints = Kept(tmp_path / "kept/checkpoints", every=1, job={}, made_of={})
    TRAININGS["rloo"].here(tmp_path, tmp_path / "made", checkpoints, lora=None)
    made = {path.name: load_file(path / "model.safetensors") for path in (tmp_path / "made").iterdir() if path.is_dir()}
    after = {step: load_file(tmp_path / f"kept/{step}.safetensors") for step in range(1, 12)} | {12: made["model"]}
    moving = load_file(tmp_path / "base/model.safetensors")
    for step in range(1, 13):
        moving = {name: 0.9 * tensor + 0.1 * after[step][name] for name, tensor in moving.items()}
    mean = {name: sum(after[step][name] for step in (3, 6, 9, 12)) / 4 for name in moving}
    assert equal(made["moving_average"], moving)
    assert equal(made["checkpoint_average"], mean)
    assert not equal(moving, mean)
    assert not equal(mean, made["model"])


def test_checkpoints_of_few_steps_count_once(llama):
    assert CheckpointAverage(llama, steps=2).quarters == [1, 2]
    assert CheckpointAverage(llama, steps=6).quarters == [2, 3, 5, 6]
