"""Settings of the jobs that all papers share: training a policy, and scoring policies."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lib.graph.experiment import Experiment
from lib.graph.rewards import Rewards

Wildcards = Any


def policy_settings(experiment: Experiment, reward: dict[str, dict], *keys: str, split: str = "train", **values) -> str:
    """Settings of a policy's training: the reward, what all policies share, and what this policy has of its own."""
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
        "policy.warmup_steps",
        "policy.clip_norm",
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
    rewards: Rewards,
    points: Sequence[Mapping],
    within: bool = True,
    names: Sequence[str] | None = None,
    split: str = "test",
) -> Callable[[Wildcards], str]:
    """Settings of scoring, by seed. points: `point`s.

    within: on prompts of the domains that policies are trained on, otherwise of the domain left out. names: the rewards
    to compute beside the gold reward, by default all. split: of the prompts.
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
        split=split,
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
    """A point to be scored: a merge of policies, with weights by policy. merge: a name in the table of merges, or
    "logits" for MOD (`lib.evaluation.points`).

    anchor: a soup of policies, also with weights by policy; the KL to it is recorded as well.
    """
    by_part = {"weights": weights} if anchor is None else {"weights": weights, "anchor": anchor}
    listed = {part: [by_policy.get(policy, 0.0) for policy in policies] for part, by_policy in by_part.items()}
    return {"method": method, "mixture": name, "merge": merge} | listed
