"""The rewards of an experiment: what jobs are told of them, what they have to have, and from which keys it comes."""

from collections.abc import Iterable, Mapping
from typing import Any

from lib.graph.experiment import Experiment
from lib.reward_models.kinds.table import GOLD, REWARDS, kind_of, loader_of
from lib.reward_models.mixtures import mixture_weights


class Rewards:
    """Those of `rewards:`, by name, and the gold reward."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.specs: dict[str, Mapping[str, Any]] = dict(sorted(experiment.config["rewards"].items()))
        self.gold_spec: Mapping[str, Any] = experiment.config["gold"]

    @property
    def names(self) -> list[str]:
        """All of them, in alphabetical order: that of the file means nothing."""
        return list(self.specs)

    @property
    def labelled(self) -> list[str]:
        """Those that a model is trained for on a human label."""
        return [name for name, spec in self.specs.items() if "label" in spec]

    @property
    def gold_is_fitted(self) -> bool:
        """Whether a job fits the gold reward on a human label; otherwise it is given."""
        return "label" in self.gold_spec

    def units(self) -> dict[str, str]:
        """What the numbers of each reward are in."""
        return {name: kind_of(spec, REWARDS).unit for name, spec in self.specs.items()}

    def source(self, name: str) -> dict[str, Any]:
        """Where a reward comes from, as `lib.reward_models.loading.load` takes it."""
        if name not in self.specs:
            names = ", ".join(self.names)
            raise ValueError(f"{name!r} is not one of the rewards of {self.experiment.file} ({names})")
        return kind_of(self.specs[name], REWARDS).source(name, self.specs[name], self.experiment)

    def sources(self, names: Iterable[str] | None = None) -> dict[str, dict[str, Any]]:
        """Those of some rewards, or of all."""
        return {name: self.source(name) for name in (self.names if names is None else names)}

    def of_mixture(self, mixture: str) -> dict[str, dict[str, Any]]:
        """The rewards of a mixture, each with its `weight`."""
        return {name: self.source(name) | {"weight": weight} for name, weight in mixture_weights(mixture).items()}

    def gold(self) -> dict[str, Any]:
        """Where the gold reward comes from."""
        return kind_of(self.gold_spec, GOLD).source("gold", self.gold_spec, self.experiment)

    def files(self, names: Iterable[str] | None = None) -> list[str]:
        """What a job that uses some rewards, or all, has to have: their models, the modules of their functions."""
        return self._files(self.sources(names).values())

    def gold_files(self) -> list[str]:
        """What a job that uses the gold reward has to have."""
        return self._files([self.gold()])

    def keys(self, mixture: str) -> list[str]:
        """The keys of the parameters that the rewards of a mixture come from."""
        names = list(mixture_weights(mixture))
        return [*(f"rewards.{name}" for name in names), *self._other_keys(names)]

    def all_keys(self) -> list[str]:
        """The keys that all rewards come from, the gold reward among them."""
        return ["rewards", *self._other_keys(self.names), *self.gold_keys()]

    def gold_keys(self) -> list[str]:
        """The keys that a gold reward which is given comes from."""
        return [] if self.gold_is_fitted else ["gold"]

    def models(self) -> int:
        """How many models a job that uses all rewards holds for them."""
        return sum(loader_of(source).models(source) for source in self.sources().values())

    def _files(self, sources: Iterable[Mapping[str, Any]]) -> list[str]:
        return [file for source in sources for file in loader_of(source).files(source, self.experiment)]

    def _other_keys(self, names: Iterable[str]) -> list[str]:
        kinds = [kind_of(self.specs[name], REWARDS) for name in names if name in self.specs]
        return list(dict.fromkeys(key for kind in kinds for key in kind.other_keys()))
