"""Train θ_pre, the policy that all others start from: from scratch, by PPO, with how it normalises observations."""

import json

import torch
from safetensors.torch import save_file

from lib.control.environment import Robots
from lib.control.network import CRITIC, Critic, Policy, weights_of, write_policy
from lib.control.normaliser import Normaliser
from lib.control.training import Training
from lib.jobs.arguments import Output
from lib.jobs.checkpoints import Checkpoints
from lib.jobs.command_line import run


def train_base(
    model: Output,
    report: Output,
    checkpoints: Checkpoints,
    *,
    environment: str,
    episode: int,
    hidden: list[int],
    reward: dict[str, dict],
    steps: int,
    episodes_per_step: int,
    ppo: dict,
    learning_rate: float,
    seed: int,
) -> None:
    """episode: its steps of the simulation. reward: sources, each with its `weight`. steps: batches of episodes."""
    robots = Robots(environment, episodes_per_step)
    torch.manual_seed(seed)
    sizes = {"observations": robots.observations, "hidden": hidden, "actions": robots.actions}
    policy = Policy({"environment": environment} | sizes)
    training = Training(
        policy,
        Critic(policy.config),
        Normaliser.new(robots.observations),
        reward,
        ppo,
        learning_rate,
        seed,
        steps,
        episode,
    )
    training.run(robots, checkpoints)
    write_policy(weights_of(policy), policy.config, training.normaliser, model)
    save_file(weights_of(training.critic), model / CRITIC)
    found = {
        "parameters": sum(tensor.numel() for tensor in policy.parameters()),
        "steps of the simulation": steps * episodes_per_step * episode,
        "reward": {name: training.history[-1][name] for name in reward},
    }
    report.write_text(json.dumps(found | {"history": training.history}) + "\n")


if __name__ == "__main__":
    run(train_base)
