"""The policy of a robot and its critic, and a policy as a directory.

A policy is a directory with `model.safetensors`, its weights as plain tensors; `config.json`, its environment and the
sizes of its layers; and how it normalises observations (`lib.control.normaliser`). Merges on disk and in scoring take
it as they take a language model.
"""

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from lib.control.gaussians import Gaussian
from lib.control.normaliser import Normaliser
from lib.merges.task_vectors import Weights
from lib.models.streaming import FILE

LOG_STD = -1.0  # at first; with the usual 0 half of all actions are clipped, and their noise is most of the effort
CRITIC = "critic.safetensors"  # beside θ_pre, where every critic starts


def network(sizes: list[int], last_gain: float) -> nn.ModuleList:
    """Linear layers of these sizes, orthogonal, as in CleanRL's and Baselines' PPO. last_gain: of the last layer."""
    layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(sizes))
    for layer in layers:
        nn.init.orthogonal_(layer.weight, last_gain if layer is layers[-1] else math.sqrt(2))
        nn.init.zeros_(layer.bias)
    return layers


def through(layers: nn.ModuleList, seen: Tensor) -> Tensor:
    """The output, with tanh between layers."""
    *inner, last = layers
    for layer in inner:
        seen = torch.tanh(layer(seen))
    return last(seen)


class Policy(nn.Module):
    """Normalised observations (…, observations) to a normal distribution of actions; its spread is the same in all
    states. config: what stands in config.json.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.config = config
        self.layers = network([config["observations"], *config["hidden"], config["actions"]], 0.01)
        self.log_std = nn.Parameter(torch.full((config["actions"],), LOG_STD))

    def forward(self, seen: Tensor) -> Gaussian:
        """The distribution of actions."""
        return Gaussian(through(self.layers, seen), self.log_std)


class Critic(nn.Module):
    """Normalised observations to their value, (…), with layers as those of the policy."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.layers = network([config["observations"], *config["hidden"], 1], 1.0)

    def forward(self, seen: Tensor) -> Tensor:
        """The value."""
        return through(self.layers, seen)[..., 0]


def weights_of(module: nn.Module) -> Weights:
    """A copy of the weights."""
    return {name: tensor.detach().clone() for name, tensor in module.named_parameters()}


def read_policy(folder: Path) -> Policy:
    """A policy of its directory."""
    policy = Policy(json.loads((folder / "config.json").read_text()))
    policy.load_state_dict(load_file(folder / FILE))
    return policy


def write_policy(weights: Weights, config: dict[str, Any], normaliser: Normaliser, folder: Path) -> None:
    """A policy as a directory."""
    folder.mkdir(parents=True)
    save_file(weights, folder / FILE)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    normaliser.write(folder)
