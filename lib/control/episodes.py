"""Episodes: robots that move by a policy, from numbered starts, for a fixed number of steps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lib.control.environment import Floats, Robots
from lib.control.gaussians import Gaussian
from lib.control.normaliser import Normaliser

Act = Callable[[Tensor], Gaussian]
"""Normalised observations, (episodes, observations), to the distribution that actions are drawn from."""


@dataclass(frozen=True)
class Episodes:
    """N episodes of T steps. raw: observations as the robots see them, (T + 1, N, observations); the last ones are
    those after the last step. seen: normalised. actions: as they were drawn, (T, N, actions). quantities: (T, N, 2).
    """

    raw: Floats
    seen: Tensor
    actions: Tensor
    quantities: Floats


@torch.inference_mode()
def run_episodes(
    robots: Robots,
    act: Act,
    normaliser: Normaliser,
    starts: Sequence[int],
    steps: int,
    generator: torch.Generator,
    watch: Callable[[int], None] = lambda step: None,
) -> Episodes:
    """One episode for each start. generator: of the noise in actions. watch: is called before each step."""
    noise = torch.randn((steps, len(starts), robots.actions), generator=generator)
    raw, quantities, actions = [robots.reset(starts)], [], []
    seen = [torch.from_numpy(normaliser(raw[0]))]
    for step in range(steps):
        watch(step)
        mean, log_std = act(seen[-1])
        actions.append(mean + torch.exp(log_std) * noise[step])
        observed, found = robots.step(actions[-1].numpy())
        raw.append(observed)
        quantities.append(found)
        seen.append(torch.from_numpy(normaliser(observed)))
    return Episodes(np.stack(raw), torch.stack(seen), torch.stack(actions), np.stack(quantities))
