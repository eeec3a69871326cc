"""Train a robot's policy by PPO: maximise E[R] − β KL(π ‖ anchor) along an episode, from a start.

Experts and MORL of Rewarded Soups, from one θ_pre; WARP, algorithm 1, whose anchor moves after each batch here. The KL
is that of normal distributions in closed form, at each step. It is taken off the step's reward.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file

from lib.control.environment import Robots
from lib.control.network import CRITIC, Critic, read_policy, weights_of, write_policy
from lib.control.normaliser import Normaliser
from lib.control.training import Training
from lib.jobs.arguments import Output
from lib.jobs.checkpoints import Checkpoints
from lib.jobs.command_line import run
from lib.models.frozen import require_same_frozen

UNITS = {
    "kl_to_anchor": "closed form, nats per episode",
    "kl": "to θ_pre, closed form, nats per episode",
    "rewards": "sum along an episode",
}


def train_policy(
    start: Path,
    anchor: Path,
    sft: Path,
    model: Output,
    history: Output,
    moving_average: Output | None,
    checkpoint_average: Output | None,
    checkpoints: Checkpoints,
    *,
    reward: dict[str, dict],
    episode: int,
    steps: int,
    episodes_per_step: int,
    ppo: dict,
    learning_rate: float,
    beta: float,
    mu: float,
    seed: int,
) -> None:
    """sft: θ_pre; the KL to it is recorded, and its critic is where this one starts. reward: sources, each with its
    `weight`. episode: its steps. steps: batches of episodes. moving_average: the anchor at the end. checkpoint_average:
    the mean of the policy at the quarters of its training.
    """
    require_same_frozen([start, anchor, sft])
    policy, reference = read_policy(start), read_policy(anchor)
    critic, normaliser = Critic(policy.config), Normaliser.read(sft)
    critic.load_state_dict(load_file(sft / CRITIC))
    nothing = {name: torch.zeros_like(tensor) for name, tensor in weights_of(policy).items()}
    training = Training(
        policy,
        critic,
        normaliser,
        reward,
        ppo,
        learning_rate,
        seed,
        steps,
        episode,
        anchor=reference,
        sft=read_policy(sft),
        beta=beta,
        mu=mu,
        average=None if checkpoint_average is None else nothing,
    )
    training.run(Robots(policy.config["environment"], episodes_per_step), checkpoints)
    made = {model: policy, moving_average: training.anchor}
    written = {folder: weights_of(net) for folder, net in made.items()} | {checkpoint_average: training.average}
    for folder, weights in written.items():
        if folder is not None:
            write_policy(weights, policy.config, normaliser, folder)
    history.write_text(json.dumps(UNITS | {"history": training.history}) + "\n")


if __name__ == "__main__":
    run(train_policy)
