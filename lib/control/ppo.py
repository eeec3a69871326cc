"""Proximal policy optimisation (arXiv 1707.06347) for normal distributions of actions.

Modelled on CleanRL's ppo_continuous_action.py (read, not copied). It differs in this: batches are whole episodes, the
KL to an anchor is taken off the reward in closed form, and rewards are multiplied by 1 − γ, so that values are about as
large as the reward of a step and need no running scale. stable-baselines3 has no anchor, and its state is a pickle.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lib.control.gaussians import log_probability
from lib.control.network import Critic, Policy

EPSILON = 1e-5  # of Adam, as in CleanRL and in stable-baselines3


@dataclass(frozen=True)
class Settings:
    """epochs: passes over a batch. minibatch: steps of the simulation in one step of the optimiser. clip: of the
    ratio. gae_lambda, discount: of the advantages. clip_norm: largest norm of a network's gradient.
    """

    learning_rate: float
    epochs: int
    minibatch: int
    clip: float
    gae_lambda: float
    discount: float
    clip_norm: float


def advantages(rewards: Tensor, values: Tensor, settings: Settings) -> Tensor:
    """Generalised advantage estimates, (T, N). rewards: (T, N); values: (T + 1, N), the last those after the episode,
    which goes on: it is cut off, not ended.
    """
    found, last = torch.zeros_like(rewards), torch.zeros_like(rewards[0])
    errors = rewards + settings.discount * values[1:] - values[:-1]
    for step in reversed(range(len(rewards))):
        last = errors[step] + settings.discount * settings.gae_lambda * last
        found[step] = last
    return found


def optimiser(policy: Policy, critic: Critic, settings: Settings) -> torch.optim.Adam:
    """One for both networks."""
    return torch.optim.Adam([*policy.parameters(), *critic.parameters()], lr=settings.learning_rate, eps=EPSILON)


def update(
    policy: Policy,
    critic: Critic,
    adam: torch.optim.Adam,
    settings: Settings,
    seen: Tensor,
    actions: Tensor,
    rewards: Tensor,
    generator: torch.Generator,
) -> None:
    """Improves both networks on one batch. seen: (T + 1, N, observations); actions: (T, N, actions); rewards: (T, N).

    Longer than other functions: the steps of PPO, in order.
    """
    with torch.no_grad():
        values = critic(seen)
        gained = advantages(rewards * (1 - settings.discount), values, settings).flatten()
        targets = gained + values[:-1].flatten()
        before = log_probability(policy(seen[:-1]), actions).flatten()
    seen, actions = seen[:-1].flatten(0, 1), actions.flatten(0, 1)
    for _ in range(settings.epochs):
        for chosen in torch.randperm(len(seen), generator=generator).split(settings.minibatch):
            gain = gained[chosen]
            gain = (gain - gain.mean()) / (gain.std() + 1e-8)
            ratio = torch.exp(log_probability(policy(seen[chosen]), actions[chosen]) - before[chosen])
            clipped = ratio.clamp(1 - settings.clip, 1 + settings.clip)
            of_policy = -torch.min(ratio * gain, clipped * gain).mean()
            of_critic = (critic(seen[chosen]) - targets[chosen]).square().mean()
            adam.zero_grad()
            (of_policy + of_critic).backward()
            for network in (policy, critic):
                nn.utils.clip_grad_norm_(network.parameters(), settings.clip_norm)
            adam.step()
