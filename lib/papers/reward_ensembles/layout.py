"""Policies that are trained on proxies: their folders, and the points that are scored.

Longer than other modules, because the paper has ten kinds of jobs.
"""

from typing import Any, ClassVar

from lib.graph.checks import Problems
from lib.graph.experiment import Experiment
from lib.graph.job_settings import point
from lib.papers.paths import PointName, path_points, path_to
from lib.papers.reward_ensembles.names import Variant, aggregates_of, variant_point, variants_of
from lib.reward_models.proxies import Ensemble, ensemble, ensemble_source, flipped_share, proxy_folders

Wildcards = Any
TAU = "reward_ensembles.tau"


def problems(experiment: Experiment) -> Problems:
    """n too large for the number of samples; no single model to compare the ensembles with."""
    value = experiment.value
    if 2 * value("reward_ensembles.best_of") > value("reward_ensembles.samples_per_prompt"):
        yield (
            "reward_ensembles.best_of",
            "it is larger than half of reward_ensembles.samples_per_prompt: the estimate would rest on the top sample"
            " of each prompt alone",
        )
    variants = variants_of(value("reward_ensembles.policies"), value("reward_ensembles.flipped"))
    if not any(variant.ensemble.kind == "single" and variant.ensemble.flipped is None for variant in variants):
        yield (
            "reward_ensembles.policies",
            "there is no {ensemble: single, beta: ...}, which all others are compared with",
        )
    everything = [*value("reward_ensembles.policies"), *value("reward_ensembles.more_policies")]
    if any(entry.get("aggregate") == "soft_min" for entry in everything) and not experiment.has(TAU):
        yield TAU, "it is missing: aggregate: soft_min needs it"


class Layout:
    """Proxies, and the policies trained on them, each a `lib.papers.reward_ensembles.names.Variant`.

    study: `main`, what the default target runs, or `more`, the same policies and others.
    """

    lora_pairs: ClassVar[dict[str, list[str]]] = {}

    def __init__(self, experiment: Experiment) -> None:
        self.experiment, self.value = experiment, experiment.value
        self.folder = f"{experiment.results}/reward_ensembles"
        self.steps: int = self.value("reward_ensembles.steps")
        self.models_of_rewards = max(len(self.folders(variant.ensemble, 0)) for variant in self.variants("more"))

    def variants(self, study: str) -> list[Variant]:
        """The policies of a study."""
        entries = self.value("reward_ensembles.policies")
        if study == "more":
            entries = entries + self.value("reward_ensembles.more_policies")
        return variants_of(entries, self.value("reward_ensembles.flipped"))

    def keys(self, study: str) -> list[str]:
        """The keys of the parameters that define a study's policies."""
        keys = ["reward_ensembles.policies", "reward_ensembles.flipped"]
        soft = any(variant.ensemble.aggregate == "soft_min" for variant in self.variants(study))
        return [*keys, *(["reward_ensembles.more_policies"] if study == "more" else []), *([TAU] if soft else [])]

    def folders(self, reward: Ensemble, seed: int | str) -> list[str]:
        """The folders of an ensemble's models."""
        return proxy_folders(reward, seed, self.experiment)

    def source(self, reward: Ensemble, seed: int | str) -> dict[str, Any]:
        """An ensemble as `lib.reward_models.loading.load` takes it."""
        return {"kind": "ensemble"} | ensemble_source(reward, seed, self.experiment)

    def sources(self, study: str, seed: int | str) -> dict[str, dict[str, Any]]:
        """The ensembles that best-of-n chooses by, by name: each proxy of a study with each aggregate."""
        return {reward.name: self.source(reward, seed) for reward in aggregates_of(self.variants(study))}

    def proxies(self, study: str, seed: int | str) -> list[str]:
        """The models of a study's ensembles, each once."""
        rewards = aggregates_of(self.variants(study))
        return list(dict.fromkeys(folder for reward in rewards for folder in self.folders(reward, seed)))

    def proxy_files(self, study: str, ending: str) -> dict[str, dict[str, list[str]]]:
        """The reports on a study's proxies: by proxy and seed, a file for each of its models."""
        rewards = {reward.proxy: reward for reward in aggregates_of(self.variants(study))}
        return {
            name: {
                str(seed): [f"{folder}{ending}" for folder in self.folders(reward, seed)]
                for seed in self.experiment.seeds
            }
            for name, reward in rewards.items()
        }

    def proxy_settings(self, wildcards: Wildcards) -> str:
        """Settings of a proxy's training: heads, label noise and seed from its folder's name, the rest by key."""
        kind, members, *bootstrap = wildcards.proxy.split("-")
        fitted = self.experiment.has("gold.label")
        return self.experiment.settings(
            *(["gold.label"] if fitted else []),
            "reward_ensembles.epochs",
            "reward_ensembles.batch_size",
            "reward_ensembles.parts",
            "reward_ensembles.learning_rate",
            "reward_ensembles.warmup_steps",
            "reward_ensembles.clip_norm",
            "lora",
            "compute",
            heads=int(members),
            frozen=kind == "frozen_heads",
            bootstrap=bool(bootstrap),
            flipped=float(wildcards.flipped),
            seed=int(wildcards.seed),
            **({} if fitted else {"label": None}),
        )

    def averaged(self, wildcards: Wildcards) -> list[str]:
        """The proxies whose weights WARM averages, from the average's path: it has the seed of the first."""
        _, members, *bootstrap = wildcards.warm.split("-")
        folder = f"{self.folder}/proxy/{'-'.join(['heads-1', *bootstrap])}/flipped-{wildcards.flipped}"
        return [f"{folder}/seed-{(int(wildcards.seed) + number) % 2**32}" for number in range(int(members))]

    def warm_settings(self, wildcards: Wildcards) -> str:
        """Settings of an average: what its report needs."""
        fitted = self.experiment.has("gold.label")
        return self.experiment.settings(
            *(["gold.label"] if fitted else []),
            "compute",
            flipped=float(wildcards.flipped),
            **({} if fitted else {"label": None}),
        )

    def policy_folder(self, variant: Variant) -> str:
        """The folder of a variant, with a policy for each seed."""
        share = f"flipped-{flipped_share(variant.ensemble, self.experiment):g}"
        return f"{self.folder}/policy/{variant.ensemble.folder}/{share}/beta-{variant.beta:g}"

    def ensemble_of(self, wildcards: Wildcards) -> Ensemble:
        """The ensemble that a policy is trained on, from the policy's path."""
        kind, members, *bootstrap = wildcards.ensemble.split("-")
        entry = {
            "ensemble": kind,
            "bootstrap": bool(bootstrap),
            "members": int(members),
            "aggregate": wildcards.aggregate,
            "flipped": float(wildcards.flipped),
        }
        return ensemble(entry, self.value("reward_ensembles.flipped"))

    def histories(self, study: str) -> dict[str, list[str]]:
        """The training histories of a study's policies: by policy, a file per seed."""
        seeds = self.experiment.seeds
        return {
            variant.name: [f"{self.policy_folder(variant)}/seed-{seed}.json" for seed in seeds]
            for variant in self.variants(study)
        }

    def scored(self, study: str, seed: int | str) -> list[str]:
        """The models that a study scores: θ_sft and its policies, of one seed."""
        policies = [f"{self.policy_folder(variant)}/seed-{seed}" for variant in self.variants(study)]
        return [f"{self.experiment.results}/{self.value('policy.start')}", *policies]

    def points(self, study: str) -> list[dict[str, Any]]:
        """θ_sft, the policies of a study, and what lies between θ_sft and each of them, as they are scored."""
        start = self.value("policy.start")
        models = [start, *self.variants(study)]
        policies = [point(*variant_point(variant), models, {variant: 1.0}) for variant in models[1:]]
        paths = path_points(policies, models, start, self.value("evaluation.path"))
        return [point("sft", start, models, {start: 1.0}), *policies, *paths]

    def compared(self, study: str) -> dict[str, Any]:
        """The settings of a study's evidence (`lib.papers.reward_ensembles.policies`)."""
        shared = {"path": self.value("evaluation.path"), "margin": self.value("evaluation.margin")}
        return {"variants": self.variants(study), "start": self.value("policy.start")} | shared

    def paths(self, study: str) -> dict[str, list[PointName]]:
        """By policy, the points from θ_sft to it."""
        start, etas = ("sft", self.value("policy.start")), self.value("evaluation.path")
        return {variant.name: path_to(variant_point(variant), start, etas) for variant in self.variants(study)}
