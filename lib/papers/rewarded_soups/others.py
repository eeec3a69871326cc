"""What else the policies of Rewarded Soups give: points that are scored beside the soups. Nothing more is trained.

Their names are those of `lib.papers.rewarded_soups.names`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from lib.graph.checks import Problems
from lib.graph.experiment import Experiment
from lib.graph.job_settings import point
from lib.papers.rewarded_soups.names import RESCALED, candidate_name, extrapolated_name
from lib.reward_models.mixtures import between, mixture_weights

KEYS = ["rewarded_soups.merges", "rewarded_soups.extrapolated", "rewarded_soups.rescaled", "rewarded_soups.bone_soups"]
OF_SOUPS = ["rewarded_soups.rewards", "rewarded_soups.preferences", "rewarded_soups.weights"]
AFFINE = "affine"  # the merge with negative weights
AT_HALF = "model_stock"  # the merge that is there for equal λ alone
Point = dict[str, Any]


def problems(experiment: Experiment) -> Problems:
    """Bone soups of policies that are not trained."""
    if experiment.has("rewarded_soups.bone_soups"):
        beta = experiment.value("rewarded_soups.bone_soups.beta")
        trained = experiment.value("rewarded_soups.preferences")
        if missing := [f"{share:g}" for share in (beta, round(1 - beta, 6)) if share not in trained]:
            yield (
                "rewarded_soups.bone_soups.beta",
                f"it needs {' and '.join(missing)} among rewarded_soups.preferences; or leave bone_soups out",
            )


class Others:
    """The points of one experiment. pair: the rewards of the front's axes. weights: λ of the first, of the soups.

    keys: of the parameters that define the points. models: those that are combined, of which the first is θ_sft.
    points: scored on held-out prompts. candidates: rescaled soups, whose factor is chosen on validation prompts.
    """

    def __init__(self, experiment: Experiment, pair: list[str], weights: Sequence[float]) -> None:
        self.pair, self.weights = pair, weights
        self.start: str = experiment.value("policy.start")
        self.preferences: list[float] = experiment.value("rewarded_soups.preferences")
        asked = {key: experiment.value(key) for key in KEYS if experiment.has(key)}
        self.keys = [*OF_SOUPS, *asked]
        merges, extrapolated, factors, bone_soups = map(asked.get, KEYS)
        bones = between(pair, [bone_soups["beta"], 1 - bone_soups["beta"]]) if bone_soups else []
        self.models = [self.start, *pair, *bones]
        self.candidates = [one for factor in factors or [] for one in self._rescaled(factor)]
        self.points = [
            *(self._bone_soups(bones, **bone_soups) if bone_soups else []),
            *self.candidates,
            *map(self._extrapolated, extrapolated or []),
            *(one for merge in merges or [] for one in self._merges(merge)),
        ]

    def _bone_soups(self, bones: Sequence[str], beta: float, negative: bool) -> Iterator[Point]:
        """Bone Soups (arXiv 2502.10762): Σᵢ (B⁻¹ μ)ᵢ θᵢ of MORL policies θᵢ, which were trained on the mixtures B.

        bones: trained with β and 1 − β of the first reward. negative: whether also where a weight is below 0.
        """
        for mu, name in zip(self.weights, between(self.pair, self.weights)):
            weights = of_bones(mu, beta)
            if negative or min(weights) >= 0:
                yield point("bone", name, self.models, dict(zip(bones, weights)), AFFINE)

    def _extrapolated(self, weight: float) -> Point:
        """A soup with λ outside of 0 to 1 (arXiv 2605.28751)."""
        weights = dict(zip(self.pair, (weight, 1 - weight)))
        return point("extrapolated", extrapolated_name(weight), self.models, weights, AFFINE)

    def _rescaled(self, factor: float) -> Iterator[Point]:
        """θ_sft + s (θ − θ_sft) of the soups θ at the preferences. factor: s."""
        for name in between(self.pair, self.preferences):
            weights = {expert: factor * weight for expert, weight in mixture_weights(name).items()}
            weights[self.start] = 1 - factor
            yield point(RESCALED, candidate_name(name, factor), self.models, weights, AFFINE)

    def _merges(self, merge: str) -> Iterator[Point]:
        """A merge of the table at the preferences."""
        weights = [0.5] if merge == AT_HALF else self.preferences
        for name in between(self.pair, weights):
            yield point(merge, name, self.models, mixture_weights(name), merge)


def of_bones(mu: float, beta: float) -> tuple[float, float]:
    """B⁻¹ (μ, 1 − μ), which sums to 1, for B with the rows (β, 1 − β) and (1 − β, β); to nine digits."""
    first = round((mu - (1 - beta)) / (2 * beta - 1), 9)
    return first, 1 - first
