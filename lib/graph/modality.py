"""What the policies of an experiment are: language models, or networks that move a robot.

Soups, fronts and claims are of no modality. What a policy is, how it is trained and how it is scored stands in this
table: which rules make the start of all policies, which jobs train and score one, and what may stand in the parameters.
A new modality is an entry here, with the module that it names.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from lib.reward_models.kinds.kind import Kind, Spec
from lib.reward_models.kinds.simulated import Simulated
from lib.reward_models.kinds.simulated import loader as of_simulation
from lib.reward_models.kinds.table import GOLD, REWARDS, loader_of

FOR_TEXTS = "{}: it is for language models alone; docs/locomotion.md says what there is for a robot"


@dataclass(frozen=True)
class Modality:
    """rules: the files of rules/ that lead to the start of all policies, in order.

    policy, evaluate: the jobs that train and score a policy, modules of scripts. given: the options of both beside
    models and rewards. prompts: keys, and no_prompts: values by name, of how jobs that show samples find their prompts.
    module: has `policy_settings`, `evaluation_settings`, `Resources` and `problems` (`lib.graph.text`).
    schema: of the sections that are other than those of texts, a file of rules/; None for texts. rewards, gold: the
    kinds that an entry may be of; loader: the kind that loads a source. papers: those that it has jobs for; None: all.
    commands: of make, those that not every modality has. soup: the command that makes a model of a soup.
    """

    rules: Sequence[str]
    policy: str
    evaluate: str
    given: str
    module: str
    rewards: Sequence[Kind]
    gold: Sequence[Kind]
    loader: Callable[[Spec], Kind]
    soup: str
    commands: Sequence[str] = ()
    prompts: Sequence[str] = ()
    no_prompts: Mapping[str, None] = field(default_factory=dict)
    schema: str | None = None
    papers: Sequence[str] | None = None

    @property
    def code(self) -> Any:
        """Its module. Found when it is asked for: the module may know of this table."""
        return import_module(self.module)

    @property
    def jobs(self) -> tuple[Callable, Callable, type]:
        """What makes the settings of training and of scoring a policy, and the resources of all jobs."""
        return self.code.policy_settings, self.code.evaluation_settings, self.code.Resources

    def require(self, command: str) -> None:
        """Raises ValueError where there is no such command."""
        if command not in self.commands:
            raise ValueError(FOR_TEXTS.format(command))


TEXT = Modality(
    rules=("data", "base", "sft", "reward", "preferences"),
    policy="policy",
    evaluate="evaluate",
    given=" --snippets {input.snippets}",
    module="lib.graph.text",
    rewards=REWARDS,
    gold=GOLD,
    loader=loader_of,
    soup='make export MIXTURE="{mixture}" SEED={seed} EXPORT=DIRECTORY{experiment}',
    commands=("export", "serve", "forecast"),
    prompts=("data.prompt_words", "data.left_out"),
)
CONTROL = Modality(
    rules=("control",),
    policy="control_policy",
    evaluate="control_evaluate",
    given="",
    module="lib.graph.control",
    rewards=[Simulated()],
    gold=(),
    loader=of_simulation,
    soup="make run TARGET={results}/rewarded_soups/model/seed-{seed}/{mixture}{experiment}",
    no_prompts={"prompt_words": None, "left_out": None},
    schema="params.control.schema.yaml",
    papers=("rewarded_soups", "warp"),
)


def modality_of(config: Mapping[str, Any]) -> Modality:
    """By the parameters: a base with an environment moves a robot."""
    base = config.get("base")
    return CONTROL if isinstance(base, Mapping) and "environment" in base else TEXT
