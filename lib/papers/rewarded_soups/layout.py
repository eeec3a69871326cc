"""Policies of Rewarded Soups, and the points that are scored."""

from lib.graph.checks import Problems, unknown_rewards
from lib.graph.experiment import Experiment
from lib.graph.job_settings import point
from lib.reward_models.mixtures import between, mixture_name, mixture_weights, simplex


def problems(experiment: Experiment) -> Problems:
    """Rewards that do not exist."""
    for key in ("rewarded_soups.rewards", "rewarded_soups.simplex_rewards"):
        if experiment.has(key):
            yield from unknown_rewards(experiment, key, experiment.value(key))


class Layout:
    """Experts, MORL policies, and the soups of the experts.

    pair: the rewards on the front's axes. triple: three rewards whose soups are scored over a triangle, or none.
    experts, morl, soups: names of mixtures of rewards. policies: experts and MORL, which are trained. points: scored.
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
        self.points = [
            *(point("soup", mixture, self.policies, mixture_weights(mixture)) for mixture in self.soups),
            *(point("ensemble", mix, self.policies, mixture_weights(mix), "logits") for mix in self.morl),
            *(point("morl", mixture, self.policies, {mixture: 1.0}) for mixture in self.morl),
        ]
        pair = [f"{experiment.results}/policy/{name}/seed-{experiment.seeds[0]}" for name in self.pair]
        self.lora_pairs = {"experts of Rewarded Soups, one seed": pair}

    def _soups(self) -> list[str]:
        """Soups along λ, at MORL's preferences, and over the triangle with its centre."""
        soups = between(self.pair, self.experiment.value("rewarded_soups.weights")) + self.morl
        if self.triple:
            triangle = simplex(self.triple, self.experiment.value("rewarded_soups.simplex_divisions"))
            centre = dict.fromkeys(self.triple, 1 / len(self.triple))
            soups += [mixture_name(weights) for weights in [*triangle, centre]]
        return soups

    @property
    def keys(self) -> list[str]:
        """The keys of the parameters that define the points."""
        return [f"rewarded_soups.{key}" for key in self.experiment.config["rewarded_soups"]]
