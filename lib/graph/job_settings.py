"""What the jobs are told that the papers share: those that train policies, and those that score them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lib.graph.experiment import Experiment
from lib.graph.rewards import Rewards

Wildcards = Any


def policy_settings(experiment: Experiment, reward: dict[str, dict], *keys: str, split: str = "train", **values) -> str:
    """What a training is told: the reward, what all policies share, and what is this policy's own."""
    if experiment.value("policy.algorithm") == "ppo":
        keys += ("policy.ppo",)
    else:
        values["ppo"] = {}
    return experiment.settings(
        "data.prompt_words",
        "data.left_out",
        "policy.algorithm",
        "policy.prompts_per_step",
        "policy.completions_per_prompt",
        "policy.parts",
        "policy.max_new_tokens",
        "policy.temperature",
        "policy.learning_rate",
        "policy.kl_every",
        "evaluation.kl_estimator",
        "lora",
        "compute",
        *keys,
        reward=reward,
        split=split,
        **values,
    )


def evaluation_settings(
    rewards: Rewards, points: Sequence[Mapping], within: bool = True, names: Sequence[str] | None = None
) -> Callable[[Wildcards], str]:
    """What scoring is told: the points, and how they are judged; within the domains that policies saw, or beyond.

    names: of the rewards beside the gold reward, where they are not all.
    """
    experiment = rewards.experiment
    return lambda wildcards: experiment.settings(
        "data.prompt_words",
        "data.left_out",
        "policy.max_new_tokens",
        "policy.temperature",
        "evaluation.kl_estimator",
        "evaluation.at_once",
        "compute",
        prompts_held_out=experiment.value("evaluation.prompts"),
        reward=rewards.sources(names) | {"gold": rewards.gold()},
        points=points,
        within=within,
        seed=int(wildcards.seed),
    )


def point(
    method: str,
    name: str,
    policies: Sequence,
    weights: Mapping,
    merge: str = "linear",
    anchor: Mapping | None = None,
) -> dict[str, Any]:
    """What is scored: policies merged in weight space, by the merge's name, or merge="logits", with weights by policy.

    anchor: a soup of policies, also with weights by policy, to which its KL is told as well.
    """
    by_part = {"weights": weights} if anchor is None else {"weights": weights, "anchor": anchor}
    listed = {part: [given.get(policy, 0.0) for policy in policies] for part, given in by_part.items()}
    return {"method": method, "mixture": name, "merge": merge} | listed
