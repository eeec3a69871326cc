"""Networks that move a robot in a simulation, as a modality (`lib.graph.modality`)."""

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from math import ceil
from typing import Any

from lib.graph.checks import Problems, mixture_problems
from lib.graph.experiment import Experiment
from lib.graph.job_settings import Wildcards
from lib.graph.resources import JobResources, Request
from lib.graph.rewards import Rewards

LIBRARIES = 1000  # MB of a process that has loaded torch and the simulation; the networks are small beside it
BEGIN = 5  # minutes, in which libraries are read and written to
SPEED = 4000  # steps of the simulation in a second of training, of a core that is half as fast as those measured
ALIKE = 5  # times that a step in scoring is faster than one in training, at least


def policy_settings(experiment: Experiment, reward: dict[str, dict], *keys: str, **values: Any) -> str:
    """Settings of a policy's training: the reward, what all policies share, and what this policy has of its own."""
    shared = ("base.episode", "policy.episodes_per_step", "policy.ppo", "policy.learning_rate")
    return experiment.settings(*shared, *keys, reward=reward, **values)


def evaluation_settings(
    rewards: Rewards, points: Sequence[Mapping], names: Sequence[str] | None = None, split: str = "test"
) -> Callable[[Wildcards], str]:
    """Settings of scoring, by seed. points: `lib.graph.job_settings.point`s. split: test, or validation for what is
    chosen before it is judged; these have other starts.
    """
    return lambda wildcards: rewards.experiment.settings(
        "base.episode",
        episodes=rewards.experiment.value("evaluation.prompts"),
        reward=rewards.sources(names),
        points=points,
        split=split,
        seed=int(wildcards.seed),
    )


def problems(experiment: Experiment) -> Problems:
    """What the schema does not find: mixtures of no rewards, batches that do not split, and libraries that lack."""
    yield from mixture_problems(experiment, "base.reward")
    for section in ("base", "policy"):
        steps = experiment.value("base.episode") * experiment.value(f"{section}.episodes_per_step")
        if steps % experiment.value(f"{section}.ppo.minibatch"):
            yield f"{section}.ppo.minibatch", f"a batch of {steps} steps of the simulation is no multiple of it"
    if find_spec("gymnasium") is None or find_spec("mujoco") is None:
        yield "base.environment", "gymnasium and mujoco are not installed; `make locomotion` installs them"


class Resources(JobResources):
    """Resources of the jobs of one experiment: of all, the steps of the simulation are what takes time."""

    def __init__(self, experiment: Experiment, models_of_rewards: int) -> None:
        self.experiment, self.models_of_rewards = experiment, models_of_rewards
        self.episode: int = experiment.value("base.episode")
        self.gpu, self.retries, self.launch, self.processes = 0, None, "python -m", 1

    def memory(self, **sizes: int) -> Request:
        """A job's memory."""
        return lambda wildcards, attempt: attempt * LIBRARIES

    def duration(self, texts: float = 0, passes: float = 1) -> Request:
        """A job's time. texts: episodes, in all."""
        needed = BEGIN + ceil(texts * self.episode / SPEED / 60)
        return lambda wildcards, attempt: attempt * needed

    def policies(self, steps: int) -> dict[str, Any]:
        """Resources of a policy's training."""
        return self.training(batch=1, texts=steps * self.experiment.value("policy.episodes_per_step"), passes=1)

    def scoring(self) -> dict[str, Any]:
        """Resources of a job that scores policies: time for ten combinations per policy."""

        def runtime(wildcards: Any, input: Any, attempt: int) -> int:
            episodes = 10 * len(input.policies) * self.experiment.value("evaluation.prompts")
            return self.duration(episodes / ALIKE)(wildcards, attempt)

        return {"mem_mb": self.memory(), "runtime": runtime, "gpu": 0}
