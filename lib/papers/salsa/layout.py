"""Where SALSA's policies and references are, and what is scored of them."""

from collections.abc import Sequence
from typing import Any, ClassVar

from lib.graph.checks import Problems, mixture_problems
from lib.graph.experiment import Experiment
from lib.graph.job_settings import point
from lib.papers.salsa.names import CORNERS, Pair, Variant, plane_point, variant, variant_point, variants_of
from lib.reward_models.mixtures import simplex


def problems(experiment: Experiment) -> Problems:
    """A reward that is none, and pairs of one policy."""
    yield from mixture_problems(experiment, "salsa.reward")
    for key in ("salsa.pairs", "salsa.more_pairs"):
        for i, (first, second) in enumerate(experiment.value(key)):
            if variant(first) == variant(second):
                yield f"{key}.{i}", f"both are the policy {variant(first).name}"


class Layout:
    """Policies by what is asked of them (`lib.papers.salsa.names.Variant`).

    A `study` is `main`, of the default experiment, or `more`, which has its policies too and others.
    """

    models_of_rewards = 0
    lora_pairs: ClassVar[dict[str, list[str]]] = {}

    def __init__(self, experiment: Experiment) -> None:
        self.experiment, self.value, self.results = experiment, experiment.value, experiment.results
        self.steps: int = self.value("policy.steps")

    def pairs(self, study: str) -> list[Pair]:
        """The pairs of policies that a study compares."""
        asked = self.value("salsa.pairs") + (self.value("salsa.more_pairs") if study == "more" else [])
        return list(dict.fromkeys((variant(first), variant(second)) for first, second in asked))

    def variants(self, study: str) -> list[Variant]:
        """The policies of a study, each once."""
        return variants_of(self.pairs(study))

    def scored(self, study: str) -> list[Variant]:
        """The policies that a study scores; `more` has those of `main` from there."""
        main = self.variants("main")
        return main if study == "main" else [of for of in self.variants(study) if of not in main]

    def keys(self, study: str) -> list[str]:
        """The keys that a study's policies come from."""
        return ["salsa.pairs"] if study == "main" else ["salsa.pairs", "salsa.more_pairs"]

    def folder(self, of: Variant) -> str:
        """Where a policy is. With the SFT model as reference it may be one that Rewarded Soups has trained."""
        shared = self.value("policy.start") == self.value("policy.anchor") == "sft/1"
        if shared and of == Variant("sft", 1.0, self.value("policy.beta")):
            return f"{self.results}/policy/{self.value('salsa.reward')}"
        return f"{self.results}/salsa/policy/start-{of.start}/alpha-{of.alpha:g}/beta-{of.beta:g}"

    def anchor(self, alpha: float | str) -> str:
        """SALSA's reference, α θ_sft1 + (1 − α) θ_sft2, which is the anchor of the KL term."""
        known = {1: "sft/1", 0.5: "sft/soup", 0: "sft/2"}
        folder = known.get(float(alpha), f"salsa/reference/alpha-{float(alpha):g}")
        return f"{self.results}/{folder}"

    def start(self, wildcards: Any) -> str:
        """Where a policy starts: at θ_sft1, or at its reference."""
        return self.anchor(wildcards.alpha if wildcards.start == "soup" else 1)

    def models(self, variants: Sequence[Variant], seed: int | str) -> list[str]:
        """The models that points are made of: the SFT pair, and policies of one seed."""
        policies = [f"{self.folder(of)}/seed-{seed}" for of in variants]
        return [f"{self.results}/sft/1", f"{self.results}/sft/2", *policies]

    def points(self, variants: Sequence[Variant]) -> list[dict[str, Any]]:
        """Policies as they are scored, each with its reference."""
        models = ["sft/1", "sft/2", *variants]
        return [
            point(*variant_point(of), models, {of: 1.0}, anchor={"sft/1": of.alpha, "sft/2": 1 - of.alpha})
            for of in variants
        ]

    def plane_points(self) -> list[dict[str, Any]]:
        """Soups of θ_sft1, θ_sft2 and the first policy."""
        return [
            point(*plane_point(weights), CORNERS, weights)
            for weights in simplex(CORNERS, self.value("salsa.divisions"))
        ]

    def score_files(self, study: str, prompts: str) -> dict[str, list[str]]:
        """The scores of a study's policies: by seed, a file for each set of them; none beyond where no domain is left
        out.
        """
        if prompts == "beyond" and self.value("data.left_out") is None:
            return {}
        sets = ["main", "more"] if study == "more" and self.scored("more") else ["main"]
        place = f"{self.results}/scores/salsa/{{}}/{prompts}/seed-{{}}.csv"
        return {str(seed): [place.format(of, seed) for of in sets] for seed in self.experiment.seeds}

    def histories(self, study: str) -> dict[str, list[str]]:
        """How training went for the policies of a study: by policy, a file per seed."""
        seeds = self.experiment.seeds
        return {of.name: [f"{self.folder(of)}/seed-{seed}.json" for seed in seeds] for of in self.variants(study)}
