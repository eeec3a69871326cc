"""The experts of the variants: their folders, how they are trained, and the points that are scored."""

from typing import Any, ClassVar

import yaml

from lib.graph.checks import Problems, launch_file, unknown_rewards
from lib.graph.experiment import Experiment
from lib.graph.job_settings import point, policy_settings
from lib.graph.rewards import Rewards
from lib.papers.paths import PointName, path_points, path_to
from lib.papers.together.names import PLAIN_WAY, START, VARIANTS, WAYS, Variant, inner, middle, soup_point
from lib.reward_models.kinds.table import GOLD, kind_of

Wildcards = Any
SFT = "sft/1"
REWARDS = ["together.first.plain", "together.first.pessimistic", "together.second"]


def problems(experiment: Experiment) -> Problems:
    """Rewards that do not exist or are the same; a start that is not θ_sft1; a launch that splits weights."""
    value = experiment.value
    seen: list[str] = []
    for key in REWARDS:
        yield from unknown_rewards(experiment, key, [value(key)])
        if value(key) in seen:
            yield key, f"{value(key)} stands for another one of the three rewards already"
        seen.append(value(key))
    for key in ("policy.start", "policy.anchor"):
        if value(key) != SFT:
            yield key, f"the section together compares with policies whose {key.rpartition('.')[2]} is {SFT}"
    launch = launch_file(experiment)
    launched = yaml.safe_load(launch.read_text()) if launch.exists() else {}  # `none` has no file
    if launched.get("distributed_type") == "FSDP":
        yield "training.launch", "the moving anchor (together.mu) needs whole weights in each process; use multi_gpu"


class Layout:
    """Variants, each with the experts of two rewards, their soups at the weights λ of the first, and paths to these.

    models: what the points combine, paths below the results. points: what is scored.
    """

    models_of_rewards = 0
    lora_pairs: ClassVar[dict[str, list[str]]] = {}

    def __init__(self, experiment: Experiment) -> None:
        self.experiment, self.value = experiment, experiment.value
        self.steps: int = self.value("policy.steps")
        self.weights: list[float] = self.value("together.weights")
        experts = [expert for variant in VARIANTS for expert in self.experts(variant)]
        self.models = [SFT, *dict.fromkeys(experts)]
        self.points = self._scored()

    def experts(self, variant: Variant) -> list[str]:
        """The folders of a variant's two policies. Variants share a policy that is trained alike."""
        rewards = [self.value(f"together.first.{variant.first}"), self.value("together.second")]
        place = "policy" if variant.way == PLAIN_WAY else f"together/policy/{variant.way}"
        return [f"{place}/{reward}/seed-{{seed}}" for reward in rewards]

    def start(self, wildcards: Wildcards) -> str:
        """Where a policy and its anchor start."""
        return f"{self.experiment.results}/{'sft/soup' if WAYS[wildcards.way].soup else SFT}"

    def training(self, rewards: Rewards, wildcards: Wildcards) -> str:
        """Settings of a policy's training."""
        moving = WAYS[wildcards.way].moving
        return policy_settings(
            self.experiment,
            rewards.of_mixture(wildcards.reward),
            "policy.steps",
            "policy.beta",
            *(["together.mu"] if moving else []),
            **({} if moving else {"mu": 0.0}),
            seed=int(wildcards.seed),
        )

    def compared(self, units: dict[str, str]) -> dict[str, Any]:
        """The settings of the evidence (`lib.papers.together.claims`). units: of all rewards, by name."""
        gold = {"gold": kind_of(self.experiment.config["gold"], GOLD).unit}
        return {
            "rewards": ["gold", self.value("together.second")],
            "weights": self.weights,
            "units": gold | units,
            "path": self.value("evaluation.path"),
            "margin": self.value("evaluation.margin"),
        }

    def paths(self) -> dict[str, list[PointName]]:
        """By variant, the points from θ_sft1 to its soup in the middle."""
        weight, etas = middle(self.weights), self.value("evaluation.path")
        return {variant.name: path_to(soup_point(variant.name, weight), START, etas) for variant in VARIANTS}

    @property
    def keys(self) -> list[str]:
        """The keys of the parameters that define the points."""
        return [*REWARDS, "together.weights"]

    def _scored(self) -> list[dict[str, Any]]:
        """θ_sft1, the experts of each variant and their soups, and points on the path from θ_sft1 to each soup."""
        points, soups = [point(*START, self.models, {SFT: 1.0})], []
        for variant in VARIANTS:
            first, second = self.experts(variant)
            for weight in self.weights:
                weights = {first: weight, second: 1 - weight}
                points.append(point(*soup_point(variant.name, weight), self.models, weights))
                if weight in inner(self.weights):
                    soups.append(points[-1])
        return [*points, *path_points(soups, self.models, SFT, self.value("evaluation.path"))]
