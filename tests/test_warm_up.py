"""The learning rate along a training, and that its first step is one."""

import pytest
from safetensors.torch import load_file

from lib.jobs.checkpoints import Checkpoints
from lib.training.settings import share_of_rate
from tests.small_trainings import TRAININGS, write_inputs

ONE_STEP = {  # so few examples that one step is all there is
    "sft": {"texts": 2, "epochs": 1},
    "reward": {"epochs": 1 / 8},
    "proxy": {"epochs": 1 / 6},
    "preference_model": {"epochs": 1 / 6},
    **{name: {"steps": 1} for name in ("rloo", "grpo", "ppo")},
}


@pytest.mark.parametrize(
    ("warmup", "decays", "shares"),
    [
        (0, False, [1, 1, 1, 1, 1, 1]),
        (3, False, [1 / 4, 2 / 4, 3 / 4, 1, 1, 1]),
        (0, True, [1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0]),
        (3, True, [1 / 4, 2 / 4, 3 / 4, 1, 2 / 3, 1 / 3, 0]),
        (9, True, [1 / 10, 2 / 10, 3 / 10, 4 / 10, 5 / 10, 6 / 10]),
    ],
)
def test_shares_of_the_rate_worked_by_hand(warmup, decays, shares):
    """Over six steps; the seventh is that after the last."""
    found = [share_of_rate(step, warmup, 6, decays) for step in range(len(shares))]
    assert found == pytest.approx(shares)


@pytest.mark.parametrize("name", TRAININGS)
def test_the_first_step_changes_what_is_trained(tmp_path, llama, tokenizer, name):
    write_inputs(tmp_path, llama, tokenizer)
    (tmp_path / "made").mkdir()
    training = TRAININGS[name]
    short = training._replace(settings=training.settings | ONE_STEP[name] | {"warmup_steps": 5})
    short.here(tmp_path, tmp_path / "made", Checkpoints(tmp_path / "checkpoints", 50, job=name, made_of={}), None)
    before, after = (load_file(tmp_path / folder / "model.safetensors") for folder in ("base", "made/model"))
    matrix = "model.layers.0.mlp.up_proj.weight"
    moved = (after[matrix] - before[matrix]).abs().max()
    rate = training.settings["learning_rate"]
    if name == "ppo":  # two steps of the optimiser, at 1/11 and 2/11
        assert 1.5 * rate / 11 < moved <= 3.01 * rate / 11
    else:  # Adam's first step is the rate, whatever the gradient is
        assert moved == pytest.approx(rate / 6, rel=1e-2)
