"""What a robot's policy is judged by: rewards and KL to θ_pre of episodes from fixed starts, and how it moves."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from lib.control.environment import Floats, Robots
from lib.control.episodes import Act, run_episodes
from lib.control.gaussians import kl
from lib.control.normaliser import Normaliser
from lib.reward_models.kinds.simulated import QUANTITIES

SPLITS = ("test", "validation")
DRAWN = 2  # starts of which frames are kept
FRAMES, APART = 8, 2  # how many, and steps of the simulation from one to the next, from the middle of the episode


def starts_of(split: str, episodes: int) -> list[int]:
    """The starts of a split, which are the same for all seeds."""
    return np.random.default_rng(SPLITS.index(split)).integers(2**31, size=episodes).tolist()


def score(
    act: Act,
    sft: Act,
    *,
    robots: Robots,
    normaliser: Normaliser,
    starts: Sequence[int],
    episode: int,
    rewards: Mapping[str, Floats],
    seed: int,
) -> pd.DataFrame:
    """One episode from each start; a row for each.

    Its columns: `prompt`, the number of the start; `completion`, in words; `frames`, for the first starts how the robot
    looks at some steps (`Robots.capsules`), as JSON; `kl` to θ_pre in nats, in closed form at each step and summed
    along the episode; one per reward, summed along the episode. rewards: by name, what each of `QUANTITIES` weighs.
    Policies that are scored with one seed meet the same random numbers.
    """
    frames: dict[int, list] = {start: [] for start in range(min(DRAWN, len(starts)))}
    kept = range(episode // 2, min(episode, episode // 2 + FRAMES * APART), APART)

    def watch(step: int) -> None:
        for start, of_start in frames.items() if step in kept else ():
            of_start.append(robots.capsules(start))

    generator = torch.Generator().manual_seed(seed)
    found = run_episodes(robots, act, normaliser, starts, episode, generator, watch)
    with torch.inference_mode():
        away = kl(act(found.seen[:-1]), sft(found.seen[:-1])).double().sum(0)
    sums = found.quantities.sum(0)
    columns = {
        "prompt": range(len(starts)),
        "completion": [in_words(*row, episode, robots.seconds) for row in sums],
        "frames": [json.dumps(frames[i], separators=(",", ":")) if i in frames else "" for i in range(len(starts))],
        "kl": away.numpy(),
    }
    return pd.DataFrame(columns | {name: sums @ weights for name, weights in rewards.items()})


def in_words(velocity: float, effort: float, steps: int, seconds: float) -> str:
    """What happened in an episode. velocity, effort: their sums. seconds: of a step."""
    assert QUANTITIES == ("velocity", "effort")
    return f"{velocity * seconds:.0f} m in {steps * seconds:.0f} s, effort {effort / steps:.2f}"
