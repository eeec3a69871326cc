"""Where the policies are that are trained on proxies, and what is scored of them."""

from typing import Any, ClassVar

from lib.graph.checks import Problems
from lib.graph.experiment import Experiment
from lib.graph.job_settings import point
from lib.papers.reward_ensembles.names import Variant, aggregates_of, variant_point, variants_of
from lib.reward_models.proxies import Ensemble, ensemble, ensemble_source, flipped_share, proxy_folders

Wildcards = Any


def problems(experiment: Experiment) -> Problems:
    """More samples than there are, and no policy that all others can be compared with."""
    value = experiment.value
    if value("reward_ensembles.best_of") > value("reward_ensembles.samples_per_prompt"):
        yield "reward_ensembles.best_of", "it is more than reward_ensembles.samples_per_prompt"
    asked = [of.ensemble for of in variants_of(value("reward_ensembles.policies"), value("reward_ensembles.flipped"))]
    if not any(of.kind == "single" and of.flipped is None for of in asked):
        yield (
            "reward_ensembles.policies",
            "there is no {ensemble: single, beta: ...}, which all others are compared with",
        )


class Layout:
    """Proxies, and policies by what they are trained on (`lib.papers.reward_ensembles.names.Variant`).

    A `study` is `main`, of the default experiment, or `more`, which has its policies too and others.
    """

    lora_pairs: ClassVar[dict[str, list[str]]] = {}

    def __init__(self, experiment: Experiment) -> None:
        self.experiment, self.value = experiment, experiment.value
        self.folder = f"{experiment.results}/reward_ensembles"
        self.steps: int = self.value("reward_ensembles.steps")
        self.models_of_rewards = max(len(self.folders(of.ensemble, 0)) for of in self.variants("more"))

    def variants(self, study: str) -> list[Variant]:
        """The policies of a study."""
        asked = self.value("reward_ensembles.policies")
        if study == "more":
            asked = asked + self.value("reward_ensembles.more_policies")
        return variants_of(asked, self.value("reward_ensembles.flipped"))

    def keys(self, study: str) -> list[str]:
        """The keys that a study's policies come from."""
        keys = ["reward_ensembles.policies", "reward_ensembles.flipped"]
        return keys if study == "main" else [*keys, "reward_ensembles.more_policies"]

    def folders(self, of: Ensemble, seed: int | str) -> list[str]:
        """Where the models of an ensemble are."""
        return proxy_folders(of, seed, self.experiment)

    def source(self, of: Ensemble, seed: int | str) -> dict[str, Any]:
        """An ensemble as a job is told of it."""
        return {"kind": "ensemble"} | ensemble_source(of, seed, self.experiment)

    def sources(self, study: str, seed: int | str) -> dict[str, dict[str, Any]]:
        """The ensembles that best-of-n is computed for, by name: each proxy of a study with each aggregate."""
        return {of.name: self.source(of, seed) for of in aggregates_of(self.variants(study))}

    def proxies(self, study: str, seed: int | str) -> list[str]:
        """The models that the ensembles of a study read, each once."""
        rewards = aggregates_of(self.variants(study))
        return list(dict.fromkeys(folder for of in rewards for folder in self.folders(of, seed)))

    def proxy_files(self, study: str, ending: str) -> dict[str, dict[str, list[str]]]:
        """What is told of the proxies of a study: by proxy and seed, a file for each of its models."""
        rewards = {of.proxy: of for of in aggregates_of(self.variants(study))}
        return {
            name: {
                str(seed): [f"{folder}{ending}" for folder in self.folders(of, seed)] for seed in self.experiment.seeds
            }
            for name, of in rewards.items()
        }

    def proxy_settings(self, wildcards: Wildcards) -> str:
        """What the training of a proxy is told: its heads and how they are trained, which its folder names, and the
        rest.
        """
        kind, members, *bootstrap = wildcards.proxy.split("-")
        fitted = self.experiment.has("gold.label")
        return self.experiment.settings(
            *(["gold.label"] if fitted else []),
            "reward_ensembles.epochs",
            "reward_ensembles.batch_size",
            "reward_ensembles.parts",
            "reward_ensembles.learning_rate",
            "lora",
            "compute",
            heads=int(members),
            frozen=kind == "frozen_heads",
            bootstrap=bool(bootstrap),
            flipped=float(wildcards.flipped),
            seed=int(wildcards.seed),
            **({} if fitted else {"label": None}),
        )

    def policy_folder(self, of: Variant) -> str:
        """Where the policies of a reward and β are, a model for each seed."""
        share = f"flipped-{flipped_share(of.ensemble, self.experiment):g}"
        return f"{self.folder}/policy/{of.ensemble.folder}/{share}/beta-{of.beta:g}"

    def ensemble_of(self, wildcards: Wildcards) -> Ensemble:
        """The reward that a policy's folder names."""
        kind, members, *bootstrap = wildcards.ensemble.split("-")
        asked = {"members": int(members), "aggregate": wildcards.aggregate, "flipped": float(wildcards.flipped)}
        own = {"ensemble": kind, "bootstrap": bool(bootstrap)}
        return ensemble(own | asked, self.value("reward_ensembles.flipped"))

    def histories(self, study: str) -> dict[str, list[str]]:
        """How training went for the policies of a study: by policy, a file per seed."""
        seeds = self.experiment.seeds
        return {
            of.name: [f"{self.policy_folder(of)}/seed-{seed}.json" for seed in seeds] for of in self.variants(study)
        }

    def scored(self, study: str, seed: int | str) -> list[str]:
        """The models that a study scores: θ_sft and its policies, of one seed."""
        policies = [f"{self.policy_folder(of)}/seed-{seed}" for of in self.variants(study)]
        return [f"{self.experiment.results}/{self.value('policy.start')}", *policies]

    def points(self, study: str) -> list[dict[str, Any]]:
        """θ_sft and the policies of a study, as they are scored."""
        start = self.value("policy.start")
        models = [start, *self.variants(study)]
        of_policies = [point(*variant_point(of), models, {of: 1.0}) for of in models[1:]]
        return [point("sft", start, models, {start: 1.0}), *of_policies]
