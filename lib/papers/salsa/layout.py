"""SALSA's policies and references: their folders, and the points that are scored."""

from collections.abc import Sequence
from typing import Any, ClassVar

from lib.graph.checks import Problems, mixture_problems
from lib.graph.experiment import Experiment
from lib.graph.job_settings import point
from lib.papers.paths import PointName, path_points, path_to
from lib.papers.salsa.names import CORNERS, START, Pair, Variant, plane_point, read_variant, variant_point, variants_of
from lib.reward_models.mixtures import mixture_weights, simplex


def problems(experiment: Experiment) -> Problems:
    """A reward that does not exist; pairs of one and the same policy."""
    yield from mixture_problems(experiment, "salsa.reward")
    for key in ("salsa.pairs", "salsa.more_pairs"):
        for i, entries in enumerate(experiment.value(key)):
            first, second = map(read_variant, entries)
            if first == second:
                yield f"{key}.{i}", f"both are the policy {first.name}"


class Layout:
    """Policies, each a `lib.papers.salsa.names.Variant`.

    study: `main`, what the default target runs, or `more`, the same policies and others.
    """

    models_of_rewards = 0
    lora_pairs: ClassVar[dict[str, list[str]]] = {}

    def __init__(self, experiment: Experiment) -> None:
        self.experiment, self.value, self.results = experiment, experiment.value, experiment.results
        self.steps: int = self.value("policy.steps")

    def pairs(self, study: str) -> list[Pair]:
        """The pairs of policies that a study compares."""
        entries = self.value("salsa.pairs") + (self.value("salsa.more_pairs") if study == "more" else [])
        return list(dict.fromkeys((read_variant(first), read_variant(second)) for first, second in entries))

    def variants(self, study: str) -> list[Variant]:
        """The policies of a study, each once."""
        return variants_of(self.pairs(study))

    def scored(self, study: str) -> list[Variant]:
        """The policies that a study scores; `more` leaves out those that `main` has scored."""
        main = self.variants("main")
        return main if study == "main" else [variant for variant in self.variants(study) if variant not in main]

    def keys(self, study: str) -> list[str]:
        """The keys of the parameters that define a study's policies."""
        return ["salsa.pairs"] if study == "main" else ["salsa.pairs", "salsa.more_pairs"]

    def folder(self, variant: Variant) -> str:
        """A policy's folder. With the SFT model as reference it may be the one that Rewarded Soups trains."""
        shared = self.value("policy.start") == self.value("policy.anchor") == "sft/1"
        if shared and variant == Variant("sft", 1.0, self.value("policy.beta")):
            return f"{self.results}/policy/{self.value('salsa.reward')}"
        return f"{self.results}/salsa/policy/start-{variant.start}/alpha-{variant.alpha:g}/beta-{variant.beta:g}"

    def anchor(self, alpha: float | str) -> str:
        """SALSA's reference, α θ_sft1 + (1 − α) θ_sft2, which is the anchor of the KL term."""
        made_by_sft = {1: "sft/1", 0.5: "sft/soup", 0: "sft/2"}
        folder = made_by_sft.get(float(alpha), f"salsa/reference/alpha-{float(alpha):g}")
        return f"{self.results}/{folder}"

    def start(self, wildcards: Any) -> str:
        """The model that a policy starts from: θ_sft1 or its reference."""
        return self.anchor(wildcards.alpha if wildcards.start == "soup" else 1)

    def models(self, variants: Sequence[Variant], seed: int | str) -> list[str]:
        """The models that points combine: the SFT pair, and policies of one seed."""
        policies = [f"{self.folder(variant)}/seed-{seed}" for variant in variants]
        return [f"{self.results}/sft/1", f"{self.results}/sft/2", *policies]

    def points(self, study: str) -> list[dict[str, Any]]:
        """What a study scores: θ_sft1, its policies, and points on the path from θ_sft1 to each.

        All have an anchor: for a policy and its path, the policy's reference.
        """
        variants = self.scored(study)
        models = ["sft/1", "sft/2", *variants]
        policies = [
            point(
                *variant_point(variant),
                models,
                {variant: 1.0},
                anchor={"sft/1": variant.alpha, "sft/2": 1 - variant.alpha},
            )
            for variant in variants
        ]
        start = [point(*START, models, {"sft/1": 1.0}, anchor={"sft/1": 1.0})] if study == "main" else []
        return [*start, *policies, *path_points(policies, models, "sft/1", self.value("evaluation.path"))]

    def compared(self, study: str) -> dict[str, Any]:
        """The settings of the evidence (`lib.papers.salsa.comparisons`), but for the names of domains."""
        path, margin = self.value("evaluation.path"), self.value("evaluation.margin")
        reward = mixture_weights(self.value("salsa.reward"))
        return {"reward": reward, "pairs": self.pairs(study), "path": path, "margin": margin}

    def paths(self) -> dict[str, list[PointName]]:
        """By policy of `main`, the points from θ_sft1 to it."""
        etas = self.value("evaluation.path")
        return {variant.name: path_to(variant_point(variant), START, etas) for variant in self.variants("main")}

    def plane_points(self) -> list[dict[str, Any]]:
        """Soups of θ_sft1, θ_sft2 and the first policy."""
        return [
            point(*plane_point(weights), CORNERS, weights)
            for weights in simplex(CORNERS, self.value("salsa.divisions"))
        ]

    def score_files(self, study: str, prompts: str) -> dict[str, list[str]]:
        """The scores of a study's policies: by seed, the files of `main` and of what `more` adds.

        prompts: `within` the domains of training, or `beyond`, of the domain left out; no files where none is.
        """
        if prompts == "beyond" and self.value("data.left_out") is None:
            return {}
        sets = ["main", "more"] if study == "more" and self.scored("more") else ["main"]
        place = f"{self.results}/scores/salsa/{{}}/{prompts}/seed-{{}}.csv"
        return {str(seed): [place.format(name, seed) for name in sets] for seed in self.experiment.seeds}

    def histories(self, study: str) -> dict[str, list[str]]:
        """The training histories of a study's policies: by policy, a file per seed."""
        return {
            variant.name: [f"{self.folder(variant)}/seed-{seed}.json" for seed in self.experiment.seeds]
            for variant in self.variants(study)
        }
