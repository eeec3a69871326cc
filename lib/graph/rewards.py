"""The rewards of an experiment: their sources for jobs' settings, their files, and the keys that define them."""

from collections.abc import Iterable, Mapping
from typing import Any

from lib.graph.experiment import Experiment
from lib.graph.modality import modality_of
from lib.reward_models.kinds.kind import Kind
from lib.reward_models.kinds.table import kind_of
from lib.reward_models.mixtures import mixture_weights


class Rewards:
    """The rewards in `rewards:`, by name, and the gold reward, if there is one."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.specs: dict[str, Mapping[str, Any]] = dict(sorted(experiment.config["rewards"].items()))
        self.gold_spec: Mapping[str, Any] = experiment.config.get("gold", {})
        self.modality = modality_of(experiment.config)

    @property
    def names(self) -> list[str]:
        """All rewards, in alphabetical order, so that their order in the file does not matter."""
        return list(self.specs)

    @property
    def labelled(self) -> list[str]:
        """The rewards for which a model is trained on a human label."""
        return [name for name, spec in self.specs.items() if "label" in spec]

    @property
    def gold_is_fitted(self) -> bool:
        """Whether a job fits the gold reward on a human label; otherwise its entry says what it is."""
        return "label" in self.gold_spec

    def units(self) -> dict[str, str]:
        """The unit of each reward."""
        return {name: self._kind(name).unit for name in self.specs}

    def source(self, name: str) -> dict[str, Any]:
        """The source of a reward, from which `lib.reward_models.loading.load` makes it."""
        if name not in self.specs:
            names = ", ".join(self.names)
            raise ValueError(f"{name!r} is not one of the rewards of {self.experiment.file} ({names})")
        return self._kind(name).source(name, self.specs[name], self.experiment)

    def sources(self, names: Iterable[str] | None = None) -> dict[str, dict[str, Any]]:
        """The sources of some rewards, by default all."""
        return {name: self.source(name) for name in (self.names if names is None else names)}

    def of_mixture(self, mixture: str) -> dict[str, dict[str, Any]]:
        """The sources of a mixture's rewards, each with its `weight`."""
        return {name: self.source(name) | {"weight": weight} for name, weight in mixture_weights(mixture).items()}

    def functions(self) -> dict[str, dict[str, Any]]:
        """The sources of the rewards that are Python functions, the gold reward included."""
        found = {name: self.source(name) for name, spec in self.specs.items() if "function" in spec}
        return found | ({"gold": self.gold()} if "function" in self.gold_spec else {})

    def gold(self) -> dict[str, Any]:
        """The source of the gold reward."""
        return kind_of(self.gold_spec, self.modality.gold).source("gold", self.gold_spec, self.experiment)

    def files(self, names: Iterable[str] | None = None) -> list[str]:
        """Input files of a job that uses some rewards, by default all: models, functions and their checks."""
        return self._files(self.sources(names))

    def gold_files(self) -> list[str]:
        """Input files of a job that uses the gold reward."""
        return self._files(self._judge())

    def keys(self, mixture: str) -> list[str]:
        """The keys of the parameters that define the rewards of a mixture."""
        names = list(mixture_weights(mixture))
        return [*(f"rewards.{name}" for name in names), *self._other_keys(names)]

    def all_keys(self) -> list[str]:
        """The keys that define all rewards, the gold reward included."""
        return ["rewards", *self._other_keys(self.names), *self.gold_keys()]

    def gold_keys(self) -> list[str]:
        """The keys that define the gold reward, unless a job fits it."""
        return ["gold"] if self.gold_spec and not self.gold_is_fitted else []

    def models(self) -> int:
        """The number of models in a job that uses all rewards and the gold reward."""
        sources = [*self.sources().values(), *self._judge().values()]
        return sum(self.modality.loader(source).models(source) for source in sources)

    def _kind(self, name: str) -> Kind:
        return kind_of(self.specs[name], self.modality.rewards)

    def _judge(self) -> dict[str, dict[str, Any]]:
        return {"gold": self.gold()} if self.gold_spec else {}

    def _files(self, sources: Mapping[str, Mapping[str, Any]]) -> list[str]:
        loader = self.modality.loader
        files = [file for source in sources.values() for file in loader(source).files(source, self.experiment)]
        functions = self.functions()
        return files + [f"{self.experiment.results}/checked/{name}.txt" for name in sources if name in functions]

    def _other_keys(self, names: Iterable[str]) -> list[str]:
        kinds = [self._kind(name) for name in names if name in self.specs]
        return list(dict.fromkeys(key for kind in kinds for key in kind.other_keys()))
