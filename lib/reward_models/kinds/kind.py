"""What a kind of reward says of itself, in one place.

A kind is known by a key: an entry of `rewards:` (or `gold:`) that has it is of that kind. Of an entry, `spec`, a kind
makes a `source`: what jobs are told, from which `lib.reward_models.loading.load` makes the reward.

`experiment` is `lib.graph.experiment.Experiment`. Rules are laid out by these methods before anything runs, so that
whatever takes long to import is imported in `load` alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Spec = Mapping[str, Any]
Score = Callable[[Sequence[str], Sequence[str]], Sequence[float]]
"""Prompts and completions to one number per completion."""


class Kind:
    """What kinds have in common, for those that say nothing else."""

    key: str
    unit: str
    """Of the numbers, as axes of figures say it."""
    schema: dict[str, Any]
    """JSON schema of an entry; definitions are those of rules/params.schema.yaml."""

    def problems(self, key: str, spec: Spec, experiment: Any) -> Iterator[tuple[str, str]]:
        """What the schema does not see: dotted keys, each with what is wrong. key: of the entry."""
        yield from ()

    def source(self, name: str, spec: Spec, experiment: Any) -> dict[str, Any]:
        """What jobs are told of the reward of that name."""
        return {"kind": self.key} | dict(spec)

    def files(self, source: Spec, experiment: Any) -> list[str]:
        """What a job that uses the reward has to have."""
        return []

    def other_keys(self) -> list[str]:
        """The dotted keys of the parameters, beside its own entry, that the reward comes from."""
        return []

    def models(self, source: Spec) -> int:
        """How many models a job that uses the reward holds."""
        return 0

    def load(self, key: str, source: Spec, compute: Any) -> Score:
        """The function that scores. key: where it stands in params.yaml. compute: `lib.machine.compute.Compute`."""
        raise NotImplementedError
