"""Mistakes in the parameters, found before anything runs: by the schema, and by checks that no schema can express."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from lib.graph.experiment import Experiment
from lib.reward_models.kinds.table import GOLD, REWARDS, kind_of, schema_of
from lib.reward_models.mixtures import mixture_weights

Problems = Iterator[tuple[str, str]]
"""Pairs of a dotted key of the parameters and what is wrong with it."""

LAUNCHERS = Path("profiles/accelerate")
BATCHED = ("sft", "reward_model", "reward_ensembles")  # sections with a batch_size


def schema(root: Path, papers: Mapping[str, Path]) -> dict[str, Any]:
    """JSON schema of the parameters. papers: by name, the schema file of a paper's section, which is optional."""
    whole = yaml.safe_load((root / "rules/params.schema.yaml").read_text())
    whole["properties"]["rewards"]["additionalProperties"] = schema_of(REWARDS)
    whole["properties"]["gold"] = schema_of(GOLD)
    for paper, file in papers.items():
        section = yaml.safe_load(file.read_text())
        whole["$defs"] |= section.pop("$defs", {})
        whole["properties"][paper] = section
    return whole


def shape_problems(experiment: Experiment, papers: Mapping[str, Path]) -> Problems:
    """The most relevant violation of the schema: others often follow from it."""
    error = best_match(Draft202012Validator(schema(experiment.root, papers)).iter_errors(experiment.config))
    if error is not None:
        yield ".".join(map(str, error.absolute_path)) or "top level", error.message


def shared_problems(experiment: Experiment) -> Problems:
    """Mistakes in the sections that all papers share."""
    value, own_data = experiment.value, "rows" in experiment.config["data"]
    for name, spec in experiment.config["rewards"].items():
        yield from kind_of(spec, REWARDS).problems(f"rewards.{name}", spec, experiment)
    yield from kind_of(experiment.config["gold"], GOLD).problems("gold", experiment.config["gold"], experiment)
    if own_data and value("data.left_out") is not None and "domain" not in value("data.labels"):
        yield "data.left_out", "it names a domain, but data.labels does not list the column domain"
    if own_data and not experiment.code.defines(value("data.rows.function")):
        yield "data.rows.function", f"there is no {value('data.rows.function')}"
    if experiment.has("data.chat") and not experiment.has("base.source"):
        yield "data.chat", "a base that is trained from scratch has no chat template; name a base.source"
    if experiment.has("base.heads") and value("base.hidden_size") % (2 * value("base.heads")):
        yield "base.heads", f"base.hidden_size is not a multiple of twice {value('base.heads')}"
    for key, batch in batches(experiment).items():
        if batch % value(f"{key}.parts"):
            yield f"{key}.parts", f"a batch of {batch} cannot be split into {value(f'{key}.parts')} equal parts"
    if value("training.launch") != "none":
        yield from launch_problems(experiment)


def batches(experiment: Experiment) -> dict[str, int]:
    """The batch size of each training, in texts, pairs or completions, by its section."""
    value = experiment.value
    sizes = {key: value(f"{key}.batch_size") for key in BATCHED if experiment.has(key)}
    return sizes | {"policy": value("policy.prompts_per_step") * value("policy.completions_per_prompt")}


def launch_problems(experiment: Experiment) -> Problems:
    """Mistakes in `training.launch`, and batches that its processes cannot share equally."""
    value, file = experiment.value, launch_file(experiment)
    if not file.exists():
        names = ", ".join(sorted(other.stem for other in file.parent.glob("*.yaml")))
        yield "training.launch", f"there is no {file}; use none for one process, or one of {names}"
        return
    launched = yaml.safe_load(file.read_text())
    for key, batch in batches(experiment).items():
        parts, processes = value(f"{key}.parts"), launched["num_processes"]
        if batch % (parts * processes):
            yield f"{key}.parts", f"a batch of {batch} cannot be split over {processes} processes x {parts} parts"
    if value("policy.algorithm") == "ppo":
        yield "training.launch", "ppo computes its means over one process and cannot run in several; rloo and grpo can"
    if launched["distributed_type"] == "FSDP" and experiment.has("warp") and value("warp.mu"):
        yield (
            "training.launch",
            "the moving anchor (warp.mu) needs whole weights in each process; use multi_gpu",
        )


def launch_file(experiment: Experiment) -> Path:
    """The accelerate configuration that trainings are started with."""
    return LAUNCHERS / f"{experiment.value('training.launch')}.yaml"


def mixture_problems(experiment: Experiment, key: str) -> Problems:
    """Mistakes in a reward or mixture of rewards that a paper's section names."""
    try:
        names = list(mixture_weights(experiment.value(key)))
    except ValueError as error:
        yield key, str(error)
        return
    yield from unknown_rewards(experiment, key, names)


def unknown_rewards(experiment: Experiment, key: str, names: list[str]) -> Problems:
    """Names that are not in `rewards:`."""
    rewards = experiment.config["rewards"]
    for name in names:
        if name not in rewards:
            yield key, f"{name!r} is not one of the rewards ({', '.join(rewards)})"
