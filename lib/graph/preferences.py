"""The rewards that learn from people's preferences, and the settings of the jobs that read pairs and train on them."""

from collections.abc import Mapping
from typing import Any

from lib.graph.experiment import Experiment
from lib.reward_models.kinds.preferences import Preferences, aggregate_of, given, heads_of, members_of, model_folders

Wildcards = Any
SOURCE = ("preferences", "revision", "name", "split", "columns")  # keys of an entry that say what is read


class PreferenceRewards:
    """The rewards of this kind by name, of which one may be `gold`. A rule's wildcard `reward` is such a name."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        entries = experiment.config["rewards"] | {"gold": experiment.config["gold"]}
        self.specs: dict[str, Mapping[str, Any]] = {
            name: spec for name, spec in sorted(entries.items()) if Preferences.key in spec
        }

    def given(self, wildcards: Wildcards) -> list[str]:
        """The file or directory of the pairs; nothing if they are on the hub."""
        return given(self.specs[wildcards.reward])

    @property
    def chat(self) -> Mapping[str, Any] | None:
        """The section `data.chat`, or None where texts are plain."""
        return self.experiment.config["data"].get("chat")

    def reading(self, wildcards: Wildcards) -> str:
        """Settings of the job that reads the pairs."""
        spec = self.specs[wildcards.reward]
        return self.experiment.settings(
            "data.held_out",
            key=self._key(wildcards.reward),
            source=spec["preferences"],
            revision=spec.get("revision"),
            name=spec.get("name"),
            split=spec.get("split", "train"),
            columns=spec.get("columns", {}),
            chat=self.chat,
        )

    def reading_keys(self, wildcards: Wildcards) -> str:
        """The keys that those settings come from."""
        chat = [] if self.chat is None else ["data.chat"]
        return self.experiment.settings(*self._keys(wildcards.reward, SOURCE), *chat)

    def training(self, wildcards: Wildcards) -> str:
        """Settings of the training of one model."""
        spec = self.specs[wildcards.reward]
        return self.experiment.settings(
            "reward_model.epochs",
            "reward_model.batch_size",
            "reward_model.parts",
            "reward_model.learning_rate",
            "reward_model.warmup_steps",
            "reward_model.clip_norm",
            "lora",
            "compute",
            heads=heads_of(spec),
            frozen=members_of(spec).kind == "frozen_heads",
            seed=(100 * spec.get("seed", 0) + int(wildcards.number)) % 2**32,
        )

    def training_keys(self, wildcards: Wildcards) -> str:
        """The keys that those settings come from. More models leave those that are there as they are."""
        of_heads = ["members"] if heads_of(self.specs[wildcards.reward]) > 1 else []
        return self.experiment.settings(*self._keys(wildcards.reward, ("ensemble", "seed", *of_heads)))

    def models(self, wildcards: Wildcards) -> list[str]:
        """The directories of a reward's models."""
        return model_folders(wildcards.reward, self.specs[wildcards.reward], self.experiment)

    def findings(self, wildcards: Wildcards) -> str:
        """Settings of the job that says how good a reward is."""
        spec = self.specs[wildcards.reward]
        return self.experiment.settings(ensemble=members_of(spec).name, **aggregate_of(spec))

    def findings_keys(self, wildcards: Wildcards) -> str:
        """The keys that those settings come from."""
        keys = ("ensemble", "members", "aggregate", "coefficient")
        return self.experiment.settings(*self._keys(wildcards.reward, keys))

    def _key(self, name: str) -> str:
        return name if name == "gold" else f"rewards.{name}"

    def _keys(self, name: str, keys: tuple[str, ...]) -> list[str]:
        return [f"{self._key(name)}.{key}" for key in keys if key in self.specs[name]]
