"""Steps of the simulation per second of processor time: robots alone, scoring, training beside stable-baselines3.

    python -m benchmarks.control --steps 40000

on one thread, with the networks and the PPO of experiments/locomotion. stable-baselines3, which this project does not
install, is measured where it is: as it comes, with its own minibatch of 64 and on one environment after the other, and
with minibatches as large as here. The first batch of each is not counted.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from lib.control.environment import Robots
from lib.control.episodes import run_episodes
from lib.control.network import Critic, Policy
from lib.control.normaliser import Normaliser
from lib.control.training import Training

PARAMS = Path("experiments/locomotion/params.yaml")


def measured(work: Callable[[], Any], steps: int) -> float:
    """Steps per second of processor time of `work`, which makes so many."""
    started = time.process_time()
    work()
    return steps / (time.process_time() - started)


def alone(params: dict, steps: int) -> float:
    """The robots with random actions."""
    robots = Robots(params["base"]["environment"], count := params["policy"]["episodes_per_step"])
    robots.reset(range(count))
    actions = np.random.default_rng(0).uniform(-1, 1, (steps // count, count, robots.actions))
    return measured(lambda: [robots.step(action) for action in actions], steps)


def policy_of(params: dict, robots: Robots) -> Policy:
    """An untrained policy."""
    return Policy({"observations": robots.observations, "hidden": params["base"]["hidden"], "actions": robots.actions})


def scoring(params: dict, steps: int) -> float:
    """Episodes of a policy, as many as an evaluation has."""
    robots = Robots(params["base"]["environment"], count := params["evaluation"]["prompts"])
    policy, normaliser = policy_of(params, robots), Normaliser.new(robots.observations)
    noise = torch.Generator().manual_seed(0)
    return measured(lambda: run_episodes(robots, policy, normaliser, range(count), steps // count, noise), steps)


def training(params: dict, steps: int) -> float:
    """Batches of PPO with a moving anchor."""
    section, episode = params["policy"], params["base"]["episode"]
    robots = Robots(params["base"]["environment"], section["episodes_per_step"])
    policy, anchor, sft = (policy_of(params, robots) for _ in range(3))
    batch = episode * section["episodes_per_step"]
    job = Training(
        policy,
        Critic(policy.config),
        Normaliser.new(robots.observations),
        {"risky": params["rewards"]["risky"] | {"weight": 1.0}},
        section["ppo"],
        section["learning_rate"],
        seed=0,
        steps=1 + steps // batch,
        episode=episode,
        anchor=anchor,
        sft=sft,
        beta=0.01,
        mu=0.1,
    )
    job.step(robots)
    return measured(lambda: [job.step(robots) for _ in range(steps // batch)], steps // batch * batch)


def stable_baselines(params: dict, steps: int, **changes: int) -> float:
    """PPO of stable-baselines3."""
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env

    section = params["policy"]
    robots = make_vec_env(params["base"]["environment"], n_envs=section["episodes_per_step"])
    kwargs = {"net_arch": params["base"]["hidden"]}
    model = PPO("MlpPolicy", robots, n_steps=params["base"]["episode"], policy_kwargs=kwargs, device="cpu", **changes)
    batch = params["base"]["episode"] * section["episodes_per_step"]
    model.learn(batch)
    return measured(lambda: model.learn(steps // batch * batch), steps // batch * batch)


def all_rates(params: dict, steps: int) -> Iterator[tuple[str, float]]:
    """What is measured, with its steps per second."""
    yield "the robots alone", alone(params, steps)
    yield "scoring", scoring(params, steps)
    yield "training", training(params, steps)
    if find_spec("stable_baselines3") is not None:
        yield "stable-baselines3 as it comes", stable_baselines(params, steps)
        size = params["policy"]["ppo"]["minibatch"]
        yield f"stable-baselines3, minibatches of {size}", stable_baselines(params, steps, batch_size=size)


def main() -> None:
    """Prints the rates as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=40_000, help="of the simulation, in each measurement")
    torch.set_num_threads(1)
    found = dict(all_rates(yaml.safe_load(PARAMS.read_text()), parser.parse_args().steps))
    print(json.dumps({name: round(rate) for name, rate in found.items()}, indent=1))


if __name__ == "__main__":
    main()
