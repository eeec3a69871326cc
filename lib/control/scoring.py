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


class Film:
    """How the first robots look at `FRAMES` steps. frames: by start, and then by step, `Robots.capsules`."""

    def __init__(self, robots: Robots, starts: int, episode: int) -> None:
        self.robots = robots
        self.frames: list[list] = [[] for _ in range(starts)]
        self.kept = range(episode // 2, min(episode, episode // 2 + FRAMES * APART), APART)

    def watch(self, step: int) -> None:
        """Takes a frame, where it is time."""
        for start, frames in enumerate(self.frames) if step in self.kept else ():
            frames.append(self.robots.capsules(start))

    def written(self, starts: Sequence[int]) -> list[str]:
        """As JSON for each of the starts; nothing for those that are not filmed."""
        filmed = [json.dumps(frames, separators=(",", ":")) for frames in self.frames]
        return filmed + [""] * (len(starts) - len(filmed))


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

    Its columns: `prompt`, the number of the start; `completion`, in words; `frames`, of the first starts (`Film`), as
    JSON; `kl` to θ_pre in nats, in closed form at each step and summed along the episode; one per reward, summed along
    the episode. rewards: by name, what each of `QUANTITIES` weighs. All policies meet the random numbers of `seed`.
    """
    film = Film(robots, min(DRAWN, len(starts)), episode)
    noise = torch.Generator().manual_seed(seed)
    found = run_episodes(robots, act, normaliser, starts, episode, noise, film.watch)
    with torch.inference_mode():
        away = kl(act(found.seen[:-1]), sft(found.seen[:-1])).double().sum(0)
    sums = found.quantities.sum(0)
    columns = {
        "prompt": range(len(starts)),
        "completion": [in_words(*row, episode, robots.seconds) for row in sums],
        "frames": film.written(starts),
        "kl": away.numpy(),
    }
    return pd.DataFrame(columns | {name: sums @ weights for name, weights in rewards.items()})


def in_words(velocity: float, effort: float, steps: int, seconds: float) -> str:
    """What happened in an episode. velocity, effort: their sums. seconds: of a step."""
    assert QUANTITIES == ("velocity", "effort")
    return f"{round(velocity * seconds)} m in {steps * seconds:.0f} s, effort {effort / steps:.2f}"
