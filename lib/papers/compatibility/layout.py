"""The policies of each pair of rewards, and the points that are scored."""

from typing import Any, ClassVar

from lib.graph.checks import Problems, unknown_rewards
from lib.graph.experiment import Experiment
from lib.graph.job_settings import point
from lib.papers.compatibility.names import folder_name, in_words
from lib.papers.paths import path_points
from lib.reward_models.mixtures import between, mixture_weights


def problems(experiment: Experiment) -> Problems:
    """Rewards that do not exist; pairs that stand there twice."""
    seen: list[set[str]] = []
    for i, pair in enumerate(experiment.value("compatibility.pairs")):
        yield from unknown_rewards(experiment, f"compatibility.pairs.{i}", pair)
        if set(pair) in seen:
            yield f"compatibility.pairs.{i}", f"{in_words(pair)} are a pair already"
        seen.append(set(pair))


class Layout:
    """Experts, MORL policies and soups of each pair. A policy that several pairs have is trained once.

    pairs: the two rewards of each pair, by its name in paths.
    """

    models_of_rewards = 0
    lora_pairs: ClassVar[dict[str, list[str]]] = {}

    def __init__(self, experiment: Experiment) -> None:
        self.experiment, value = experiment, experiment.value
        self.steps: int = value("policy.steps")
        self.start: str = value("policy.start")
        self.weights: list[float] = value("compatibility.weights")
        self.preferences: list[float] = value("compatibility.preferences")
        self.pairs: dict[str, list[str]] = {folder_name(pair): pair for pair in value("compatibility.pairs")}

    def policies(self, name: str) -> list[str]:
        """The mixtures that policies of a pair are trained on: its rewards, and MORL's."""
        pair = self.pairs[name]
        return [*pair, *between(pair, self.preferences)]

    def halves(self, name: str) -> str:
        """The mixture of a pair's rewards in equal shares."""
        return between(self.pairs[name], [0.5])[0]

    def models(self, name: str, seed: int | str) -> list[str]:
        """The models that a pair's points combine: θ_sft, and the policies of one seed."""
        results = self.experiment.results
        return [f"{results}/{self.start}", *(f"{results}/policy/{mix}/seed-{seed}" for mix in self.policies(name))]

    def points(self, name: str) -> list[dict[str, Any]]:
        """What is scored of a pair: soups along λ and at MORL's preferences, MORL, and the paths to these two."""
        pair, models = self.pairs[name], [self.start, *self.policies(name)]
        inner = between(pair, self.preferences)
        along = list(dict.fromkeys(between(pair, self.weights) + inner))
        soups = {mix: point("soup", mix, models, mixture_weights(mix)) for mix in along}
        morl = [point("morl", mix, models, {mix: 1.0}) for mix in inner]
        compared = [*(soups[mix] for mix in inner), *morl]  # at equal KL
        etas = self.experiment.value("evaluation.path")
        return [*soups.values(), *morl, *path_points(compared, models, self.start, etas)]

    def score_files(self) -> dict[str, list[str]]:
        """The scores of each pair, by its name in paths, a file per seed."""
        place = f"{self.experiment.results}/scores/compatibility/{{}}/seed-{{}}.csv"
        return {name: [place.format(name, seed) for seed in self.experiment.seeds] for name in self.pairs}

    def compared(self) -> dict[str, Any]:
        """The settings of the evidence (`lib.papers.compatibility.measures`)."""
        value = self.experiment.value
        own = {"pairs": list(self.pairs.values()), "weights": self.weights, "preferences": self.preferences}
        return own | {"start": self.start, "path": value("evaluation.path"), "margin": value("evaluation.margin")}
