"""The interface of a kind of reward.

An entry of `rewards:` (or `gold:`) in params.yaml is of the kind whose `key` it has. From this entry, `spec`, the kind
makes a `source`: the description that jobs receive and that `lib.reward_models.loading.load` makes the reward from.

`experiment` is `lib.graph.experiment.Experiment`. All methods but `load` are called while Snakemake reads the rules:
only `load` may import anything slow.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Spec = Mapping[str, Any]
Score = Callable[[Sequence[str], Sequence[str]], Sequence[float]]
"""Prompts and completions to one number per completion."""


class Kind:
    """The defaults of all kinds."""

    key: str
    unit: str
    """The unit of the reward, for the axes of figures."""
    schema: dict[str, Any]
    """JSON schema of an entry; it may refer to the definitions in rules/params.schema.yaml."""

    def problems(self, key: str, spec: Spec, experiment: Any) -> Iterator[tuple[str, str]]:
        """Errors that the schema cannot find, as pairs of a dotted key and a message. key: of the entry."""
        yield from ()

    def source(self, name: str, spec: Spec, experiment: Any) -> dict[str, Any]:
        """The description of the reward that jobs receive. name: the reward's."""
        return {"kind": self.key} | dict(spec)

    def files(self, source: Spec, experiment: Any) -> list[str]:
        """The files that a job needs to load the reward."""
        return []

    def other_keys(self) -> list[str]:
        """Dotted keys outside the entry that the reward depends on."""
        return []

    def reads(self, source: Spec) -> str:
        """What stands for the prompt in a chat experiment: `text`, as the model reads it; `question`, the user's last
        message; or `conversation`, all messages.
        """
        return "text"

    def models(self, source: Spec) -> int:
        """The number of models that are in memory when the reward is loaded."""
        return 0

    def load(self, key: str, source: Spec, compute: Any) -> Score:
        """The function that scores. key: of the entry. compute: `lib.machine.compute.Compute`."""
        raise NotImplementedError
