"""Names of the policies that are trained on proxies, for rules and tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from lib.reward_models.proxies import MEMBERS, Ensemble, ensemble

ONE_MODEL = Ensemble("single", 1, "mean", None, False)
HEADS = Ensemble("heads", MEMBERS, "worst_case", None, False)  # the paper's proposal, with its encoder trained
MODELS = HEADS._replace(kind="models")
OF_COSTE = ["mean", "worst_case", "uncertainty_weighted"]


class Variant(NamedTuple):
    """A policy: what it is trained on, and β."""

    ensemble: Ensemble
    beta: float

    @classmethod
    def of(cls, listed: Sequence) -> "Variant":
        """From JSON, in which a job's settings have a variant as nested lists."""
        ensemble, beta = listed
        return cls(Ensemble(*ensemble), beta)

    @property
    def name(self) -> str:
        """The policy's name in tables and figures."""
        return f"{self.ensemble.name}, β={self.beta:g}"


def variants_of(entries: Iterable[Mapping], flipped: float) -> list[Variant]:
    """The policies of entries of params.yaml, each once. β is rounded to the six digits that names show."""
    return list(dict.fromkeys(Variant(ensemble(entry, flipped), float(f"{entry['beta']:g}")) for entry in entries))


def aggregates_of(variants: Iterable[Variant]) -> list[Ensemble]:
    """The rewards that best-of-n chooses by: each proxy of some policies with Coste et al.'s aggregates and its own."""
    rewards = [
        variant.ensemble._replace(aggregate=name)
        for variant in variants
        for name in ([*OF_COSTE, variant.ensemble.aggregate] if variant.ensemble.is_aggregated else ["mean"])
    ]
    return list(dict.fromkeys(rewards))


def variant_point(variant: Variant) -> tuple[str, str]:
    """Method and name of a policy in the scores."""
    return "reward ensembles", variant.name
