"""The training of a policy, batch by batch: episodes, reward less β KL to an anchor, PPO, and the anchor's own step.

All random numbers of a batch come from the seed and the number of the batch, and each batch begins with new episodes.
So the state between two batches is a few tensors, which a checkpoint holds: a training that was killed goes on from the
last, and ends with the same bytes.
"""

import json
import math
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from lib.control.environment import Robots
from lib.control.episodes import Episodes, run_episodes
from lib.control.gaussians import kl
from lib.control.network import Critic, Policy, weights_of
from lib.control.normaliser import Normaliser
from lib.control.ppo import Settings, optimiser, update
from lib.control.rewards import weights_of_rewards
from lib.jobs.checkpoints import Checkpoints, step_of
from lib.merges.linear import ema

STATE, HISTORY = "state.safetensors", "history.json"
KEPT = 2  # checkpoints: the one before is whole while the last is written


@dataclass
class Training:
    """A policy, its critic, and what the KL is measured to.

    reward: sources by name, each with its `weight` in what is maximised. ppo: `Settings` but for the learning rate.
    anchor, sft: of the KL that is taken off, and of the KL that is recorded; None while θ_pre is trained, which then
    learns how to normalise as well. mu: by how much the anchor moves towards the policy after each batch (WARP's μ).
    average: the mean of the policy at the quarters of its training, or None.
    """

    policy: Policy
    critic: Critic
    normaliser: Normaliser
    reward: Mapping[str, Mapping[str, Any]]
    ppo: Mapping[str, Any]
    learning_rate: float
    seed: int
    steps: int
    episode: int
    anchor: Policy | None = None
    sft: Policy | None = None
    beta: float = 0.0
    mu: float = 0.0
    average: dict[str, Tensor] | None = None
    history: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = Settings(self.learning_rate, **self.ppo)
        self.adam = optimiser(self.policy, self.critic, self.settings)
        self.weights = weights_of_rewards(self.reward)

    def run(self, robots: Robots, checkpoints: Checkpoints) -> None:
        """Makes all steps, from the last checkpoint if there is one."""
        if (last := checkpoints.last()) is not None:
            print(f"going on after step {step_of(last)}")
            self._resume(last)
        while len(self.history) < self.steps:
            self.step(robots)
            done = len(self.history)
            said = "  ".join(f"{name} {value:.1f}" for name, value in self.history[-1].items() if name != "step")
            print(f"step {done}/{self.steps}  {said}")
            if done % checkpoints.every == 0 and done < self.steps:
                self._save(checkpoints)

    def step(self, robots: Robots) -> None:
        """One batch. Its entry in the history: means of its rewards and KLs, summed along an episode."""
        number = len(self.history)
        random = np.random.default_rng([self.seed, number])
        starts = random.integers(2**31, size=len(robots.copies))
        generator = torch.Generator().manual_seed(int(random.integers(2**31)))
        episodes = run_episodes(robots, self.policy, self.normaliser, starts, self.episode, generator)
        kls = dict(self._kls(episodes))
        weighed = {name: episodes.quantities @ weights for name, weights in self.weights.items()}
        found = {name: torch.from_numpy(values).float() for name, values in weighed.items()}
        total = sum(source["weight"] * found[name] for name, source in self.reward.items())
        if "kl_to_anchor" in kls:
            total = total - self.beta * kls["kl_to_anchor"]
        seen, actions = episodes.seen.clone(), episodes.actions.clone()
        update(self.policy, self.critic, self.adam, self.settings, seen, actions, total, generator)
        self._move()
        if self.sft is None:
            self.normaliser.learn(episodes.raw[:-1])
        means = {name: float(per_step.sum(0).mean()) for name, per_step in (kls | found).items()}
        self.history.append({"step": number + 1} | means)

    @torch.no_grad()
    def _kls(self, episodes: Episodes) -> Iterator[tuple[str, Tensor]]:
        """KL of each step, (T, N), to the anchor and to θ_pre."""
        seen = episodes.seen[:-1]
        for name, to in (("kl_to_anchor", self.anchor), ("kl", self.sft)):
            if to is not None:
                yield name, kl(self.policy(seen), to(seen))

    def _move(self) -> None:
        """The anchor's step, and that of the average of checkpoints."""
        if self.mu:
            ema(dict(self.anchor.named_parameters()), weights_of(self.policy), self.mu)
        quarters = sorted({math.ceil(self.steps * quarter / 4) for quarter in (1, 2, 3, 4)})
        if self.average is not None and (done := len(self.history) + 1) in quarters:
            ema(self.average, weights_of(self.policy), 1 / (1 + quarters.index(done)))

    def _tensors(self) -> dict[str, Tensor]:
        """All that changes along the training but the history, under names of its own; the tensors themselves."""
        parts = {"policy": self.policy, "critic": self.critic} | ({"anchor": self.anchor} if self.mu else {})
        found = {
            f"{part}.{name}": tensor.data for part, net in parts.items() for name, tensor in net.named_parameters()
        }
        return found | {f"average.{name}": tensor for name, tensor in (self.average or {}).items()}

    def _save(self, checkpoints: Checkpoints) -> None:
        """A checkpoint."""
        folder = checkpoints.folder / f"checkpoint-{len(self.history)}"
        folder.mkdir(parents=True, exist_ok=True)
        state = {f"adam.{i}.{key}": t for i, of in self.adam.state_dict()["state"].items() for key, t in of.items()}
        moments = {"mean": self.normaliser.mean, "variance": self.normaliser.variance}
        state |= {f"normaliser.{key}": torch.from_numpy(values) for key, values in moments.items()}
        state["normaliser.count"] = torch.tensor(self.normaliser.count, dtype=torch.float64)
        save_file({name: tensor.contiguous() for name, tensor in (self._tensors() | state).items()}, folder / STATE)
        (folder / HISTORY).write_text(json.dumps(self.history))
        checkpoints.seal(folder)
        for old in sorted(checkpoints.folder.glob("checkpoint-*"), key=step_of)[:-KEPT]:
            shutil.rmtree(old)

    def _resume(self, checkpoint: Path) -> None:
        """Reads a checkpoint."""
        saved, state = load_file(checkpoint / STATE), self.adam.state_dict()
        for name, tensor in self._tensors().items():
            tensor.copy_(saved[name])
        for name, tensor in saved.items():
            if name.startswith("adam."):
                _, number, key = name.split(".")
                state["state"].setdefault(int(number), {})[key] = tensor
        self.adam.load_state_dict(state)
        mean, variance, count = (saved[f"normaliser.{key}"].numpy() for key in ("mean", "variance", "count"))
        self.normaliser.mean, self.normaliser.variance, self.normaliser.count = mean, variance, float(count)
        self.history = json.loads((checkpoint / HISTORY).read_text())
