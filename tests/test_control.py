"""A robot's policy: trained, resumed, combined and scored. A few steps of the simulation, with tiny networks."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

pytest.importorskip("gymnasium")
pytest.importorskip("mujoco")

from lib.control.environment import Robots
from lib.control.network import CRITIC, read_policy, weights_of
from lib.jobs.checkpoints import Checkpoints
from lib.merges.linear import ema
from lib.models.frozen import FROZEN
from lib.models.streaming import FILE
from scripts.control_base import train_base
from scripts.control_evaluate import evaluate
from scripts.control_policy import train_policy

PPO = {"epochs": 2, "minibatch": 20, "clip": 0.2, "gae_lambda": 0.95, "discount": 0.99, "clip_norm": 0.5}
SHARED = {"episode": 20, "episodes_per_step": 2, "ppo": PPO, "learning_rate": 0.01, "seed": 1}
RISKY = {"kind": "simulated", "simulated": {"velocity": 1}}
CAUTIOUS = {"kind": "simulated", "simulated": {"velocity": 1, "effort": -1}}
BOTH = {"risky": RISKY | {"weight": 0.9}, "cautious": CAUTIOUS | {"weight": 0.1}}


def checkpoints(folder: Path, every: int = 100) -> Checkpoints:
    return Checkpoints(folder / "checkpoints", every, "job", {})


def make_base(folder: Path) -> None:
    settings = {"environment": "HalfCheetah-v5", "hidden": [8, 8], "reward": BOTH, "steps": 2}
    train_base(folder / "model", folder / "base.json", checkpoints(folder), **settings, **SHARED)


def train(base: Path, folder: Path, reward: dict, every: int = 100, steps: int = 4, **changes) -> Path:
    """A policy, whose path it returns, with the average and the last anchor beside it."""
    settings = {"beta": 0.01, "mu": 0.0, "reward": reward, "steps": steps} | SHARED | changes
    made = {name: folder / name for name in ("model", "history", "moving_average", "checkpoint_average")}
    train_policy(base, base, base, **made, checkpoints=checkpoints(folder, every), **settings)
    return made["model"]


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    make_base(folder)
    return folder / "model"


@pytest.fixture(scope="module")
def policies(base, tmp_path_factory) -> list[Path]:
    """An expert for each reward."""
    folders = [tmp_path_factory.mktemp(name) for name in BOTH]
    return [train(base, folder, {name: BOTH[name] | {"weight": 1}}) for folder, name in zip(folders, BOTH)]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def history_of(model: Path) -> list[dict]:
    return json.loads(model.with_name("history").read_text())["history"]


def test_rewards_are_what_the_environment_itself_gives():
    """Its own reward is the velocity less a tenth of the effort."""
    robots, actions = Robots("HalfCheetah-v5", 2), np.full((2, 6), 0.5)
    first = robots.reset([1, 2])
    assert (robots.reset([1, 2]) == first).all() and (first[0] != first[1]).any()
    _, quantities = robots.step(actions)
    robots.reset([1, 2])
    _, expected, *_ = robots.copies[1].step(actions[1])
    assert quantities[1] @ [1, -0.1] == pytest.approx(expected, abs=1e-6)
    robots.reset([1, 2])
    assert (robots.step(10 * actions)[1][:, 1] == 6).all()  # clipped to −1 … 1


def test_equal_seeds_give_equal_bytes(base, tmp_path):
    make_base(tmp_path / "again")
    assert bytes_of(tmp_path / "again/model") == bytes_of(base)
    assert set(bytes_of(base)) == {FILE, CRITIC, FROZEN, "config.json"}


@pytest.mark.parametrize("mu", [0.0, 0.5])
def test_a_training_goes_on_where_it_was_killed(base, tmp_path, mu, monkeypatch):
    whole = train(base, tmp_path / "whole", BOTH, mu=mu)
    from lib.control.training import Training

    step = Training.step

    def killed(self, robots):
        if len(self.history) == 3:
            raise KeyboardInterrupt
        step(self, robots)

    monkeypatch.setattr(Training, "step", killed)
    with pytest.raises(KeyboardInterrupt):
        train(base, tmp_path / "resumed", BOTH, every=2, mu=mu)
    monkeypatch.setattr(Training, "step", step)
    resumed = train(base, tmp_path / "resumed", BOTH, every=2, mu=mu)
    shutil.rmtree(tmp_path / "resumed/checkpoints")
    assert bytes_of(resumed.parent) == bytes_of(whole.parent)


def test_the_anchor_moves_and_stays_with_mu(base, tmp_path):
    """After one batch the anchor is (1 − μ) θ_pre + μ θ."""
    model = train(base, tmp_path / "moving", BOTH, steps=1, mu=0.25)
    expected, policy = weights_of(read_policy(base)), weights_of(read_policy(model))
    ema(expected, policy, 0.25)
    found = weights_of(read_policy(tmp_path / "moving/moving_average"))
    assert all(torch.allclose(found[name], expected[name]) for name in expected)
    fixed = train(base, tmp_path / "fixed", BOTH, steps=2)
    assert bytes_of(fixed.with_name("moving_average"))[FILE] == bytes_of(base)[FILE]
    assert [entry["kl"] == entry["kl_to_anchor"] for entry in history_of(fixed)] == [True, True]
    assert history_of(fixed)[0]["kl"] == 0 < history_of(fixed)[1]["kl"]


def test_points_are_scored_with_one_set_of_random_numbers(base, policies, tmp_path):
    models = [base, *policies]
    points = [
        {"method": method, "mixture": name, "merge": merge, "weights": weights}
        for method, name, merge, weights in [
            ("sft", "base", "linear", [1, 0, 0]),
            ("soup", "cautious", "linear", [0, 0, 1]),
            ("soup", "half", "linear", [0, 0.5, 0.5]),
            ("mod", "cautious", "logits", [0, 0, 1]),
            ("slerp", "half", "slerp", [0, 0.5, 0.5]),
            ("extrapolated", "beyond", "affine", [0, 1.5, -0.5]),
        ]
    ]
    settings = {"reward": BOTH, "split": "test", "episode": 30, "episodes": 3, "seed": 1}
    evaluate(models, base, tmp_path / "scores.csv", points=points, **settings)
    found = pd.read_csv(tmp_path / "scores.csv").set_index(["method", "mixture"])
    means = found[["kl", "risky", "cautious"]].groupby(level=[0, 1], sort=False).mean()
    assert means.loc[("sft", "base"), "kl"] == 0
    alone = means.loc[("mod", "cautious")]
    assert alone.to_list() == pytest.approx(means.loc[("soup", "cautious")].to_list(), abs=1e-3)
    assert means["risky"].nunique() >= 5 and (means["cautious"] < means["risky"]).all()
    frames = [json.loads(row) for row in found["frames"].dropna()]
    assert len(frames) == 2 * len(points) and len(frames[0]) == 8 and all(len(part) == 5 for part in frames[0][0])
    assert found.loc[("sft", "base"), "completion"].str.fullmatch(r"-?\d+ m in 2 s, effort \d\.\d\d").all()
