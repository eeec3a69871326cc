"""Policies of Rewarded Soups, and the points that are scored."""

from typing import Any

from lib.graph.checks import Problems, unknown_rewards
from lib.graph.experiment import Experiment
from lib.graph.job_settings import point
from lib.papers.paths import PointName, path_points, path_to
from lib.papers.rewarded_soups.others import KEYS, Others
from lib.papers.rewarded_soups.others import problems as others_problems
from lib.reward_models.mixtures import between, mixture_name, mixture_weights, simplex


def problems(experiment: Experiment) -> Problems:
    """Rewards that do not exist; policies that are not trained."""
    yield from others_problems(experiment)
    for key in ("rewarded_soups.rewards", "rewarded_soups.simplex_rewards"):
        if experiment.has(key):
            yield from unknown_rewards(experiment, key, experiment.value(key))


class Layout:
    """Experts, MORL policies, and the soups of the experts.

    pair: the rewards on the front's axes. triple: three rewards whose soups are scored over a triangle, or none.
    experts, morl, soups: names of mixtures of rewards. policies: experts and MORL, which are trained. points: scored.
    others: what else these policies give.
    """

    models_of_rewards = 0

    def __init__(self, experiment: Experiment) -> None:
        value = experiment.value
        self.experiment = experiment
        self.steps: int = value("policy.steps")
        self.pair: list[str] = value("rewarded_soups.rewards")
        self.triple: list[str] = (
            value("rewarded_soups.simplex_rewards") if experiment.has("rewarded_soups.simplex_rewards") else []
        )
        self.experts = list(dict.fromkeys(self.pair + self.triple))
        self.morl = between(self.pair, value("rewarded_soups.preferences"))
        self.policies = self.experts + self.morl
        self.soups = list(dict.fromkeys(self._soups()))
        self.start: str = value("policy.start")
        models = [self.start, *self.policies]
        soups = {mixture: point("soup", mixture, models, mixture_weights(mixture)) for mixture in self.soups}
        morl = [point("morl", mixture, models, {mixture: 1.0}) for mixture in self.morl]
        compared = [*(soups[mixture] for mixture in self.morl), *morl]  # at equal KL
        self.points = [
            *soups.values(),
            *(point("mod", mix, models, mixture_weights(mix), "logits") for mix in self.morl),
            *morl,
            *path_points(compared, models, self.start, value("evaluation.path")),
        ]
        pair = [f"{experiment.results}/policy/{name}/seed-{experiment.seeds[0]}" for name in self.pair]
        weights = [*value("rewarded_soups.weights"), *value("rewarded_soups.preferences")]
        self.others = Others(experiment, self.pair, list(dict.fromkeys(weights)))
        self.lora_pairs = {"experts of Rewarded Soups, one seed": pair}

    def _soups(self) -> list[str]:
        """Soups along λ, at MORL's preferences, and over the triangle with its centre."""
        soups = between(self.pair, self.experiment.value("rewarded_soups.weights")) + self.morl
        if self.triple:
            triangle = simplex(self.triple, self.experiment.value("rewarded_soups.simplex_divisions"))
            centre = dict.fromkeys(self.triple, 1 / len(self.triple))
            soups += [mixture_name(weights) for weights in [*triangle, centre]]
        return soups

    def models(self, seed: int | str) -> list[str]:
        """The models that points combine: θ_sft, and the policies of one seed."""
        return self._folders([self.start, *self.policies], seed)

    def other_models(self, seed: int | str) -> list[str]:
        """Those that `others` combines."""
        return self._folders(self.others.models, seed)

    def _folders(self, models: list[str], seed: int | str) -> list[str]:
        start, *policies = models
        results = self.experiment.results
        return [f"{results}/{start}", *(f"{results}/policy/{name}/seed-{seed}" for name in policies)]

    def compared(self, units: dict[str, str]) -> dict[str, Any]:
        """The settings of the evidence (`lib.papers.rewarded_soups.claims`). units: of all rewards, by name."""
        value = self.experiment.value
        own = {key: value(f"rewarded_soups.{key}") for key in ("rewards", "weights", "preferences")}
        shared = {"start": self.start, "path": value("evaluation.path"), "margin": value("evaluation.margin")}
        return own | shared | {"columns": list(units), "units": units, "simplex_rewards": self.triple}

    def paths(self) -> dict[str, list[PointName]]:
        """By label, the paths to the soup and to the MORL policy of each preference."""
        start, etas = ("sft", self.start), self.experiment.value("evaluation.path")
        kinds = (("soup", "soup"), ("morl", "MORL"))
        return {
            f"{label}, {name}": path_to((method, name), start, etas) for name in self.morl for method, label in kinds
        }

    @property
    def keys(self) -> list[str]:
        """The keys of the parameters that define the points, but for those of `others`, and what stands beside them."""
        keys = [f"rewarded_soups.{key}" for key in self.experiment.config["rewarded_soups"]]
        return [key for key in keys if key not in [*KEYS, "rewarded_soups.released"]]
