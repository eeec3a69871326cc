"""Mistakes in the parameters, found before anything runs: by the schema, and by checks that no schema can express."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from lib.data.named_functions import function_problems
from lib.graph.experiment import Experiment
from lib.graph.modality import TEXT, Modality, modality_of
from lib.graph.shape import violations
from lib.models.given_models import LLAMA, directory_problems, module_problems, modules_of, position_problems
from lib.models.hub import from_hub
from lib.reward_models.kinds.table import GOLD, REWARDS, kind_of, schema_of
from lib.reward_models.mixtures import mixture_weights

Problems = Iterator[tuple[str, str]]
"""Pairs of a dotted key of the parameters and what is wrong with it."""

LAUNCHERS = Path("profiles/accelerate")
BATCHED = ("sft", "reward_model", "reward_ensembles")  # sections with a batch_size


def schema(root: Path, papers: Mapping[str, Path], modality: Modality = TEXT) -> dict[str, Any]:
    """JSON schema of the parameters. papers: by name, the schema file of a paper's section, which is optional."""
    whole = yaml.safe_load((root / "rules/params.schema.yaml").read_text())
    whole["properties"]["rewards"]["additionalProperties"] = schema_of(list(modality.rewards))
    whole["properties"]["gold"] = schema_of(GOLD)
    if modality.schema is not None:  # a section that it says nothing of, but has, is as of texts
        own, as_of_texts = yaml.safe_load((root / "rules" / modality.schema).read_text()), whole["properties"]
        whole["required"] = own["required"]
        whole["properties"] = {name: own["properties"].get(name, as_of_texts.get(name)) for name in own["required"]}
    for paper, file in papers.items():
        if modality.papers is not None and paper not in modality.papers:
            continue
        section = yaml.safe_load(file.read_text())
        whole["$defs"] |= section.pop("$defs", {})
        whole["properties"][paper] = section
    return whole


def shape_problems(experiment: Experiment, papers: Mapping[str, Path]) -> Problems:
    """Violations of the schema."""
    yield from violations(experiment.config, schema(experiment.root, papers, modality_of(experiment.config)))


def shared_problems(experiment: Experiment) -> Problems:
    """Mistakes in the sections that all papers on texts share."""
    value, own_data = experiment.value, "rows" in experiment.config["data"]
    for name, spec in experiment.config["rewards"].items():
        yield from kind_of(spec, REWARDS).problems(f"rewards.{name}", spec, experiment)
    yield from kind_of(experiment.config["gold"], GOLD).problems("gold", experiment.config["gold"], experiment)
    if own_data and value("data.left_out") is not None and "domain" not in value("data.labels"):
        yield "data.left_out", "it names a domain, but data.labels does not list the column domain"
    if own_data:
        yield from function_problems("data.rows", value("data.rows"), ("row",), experiment.root)
    yield from source_problems(experiment)
    if experiment.has("data.chat") and not experiment.has("base.source"):
        yield "data.chat", "a base that is trained from scratch has no chat template; name a base.source"
    if experiment.has("base.heads") and value("base.hidden_size") % (2 * value("base.heads")):
        yield "base.heads", f"base.hidden_size is not a multiple of twice {value('base.heads')}"
    for key, batch in batches(experiment).items():
        if batch % value(f"{key}.parts"):
            yield f"{key}.parts", f"a batch of {batch} cannot be split into {value(f'{key}.parts')} equal parts"
    if value("training.launch") != "none":
        yield from launch_problems(experiment)


def source_problems(experiment: Experiment) -> Problems:
    """Data and models in local files that are not there, and LoRA modules that the model has not."""
    value, there = experiment.value, set(LLAMA)
    data = value("data.source")
    if not from_hub(data) and not data.startswith("sdist:") and not Path(data).exists():
        yield "data.source", f"there is no {data}; a data set on the hub is hub:OWNER/NAME"
    if experiment.has("base.source"):
        there, base = set(), value("base.source")
        if not from_hub(base) and not base.startswith("wheel:"):
            yield from directory_problems("base.source", Path(base))
            there = modules_of(Path(base))
            yield from position_problems("base.source", Path(base), there)
    if there and value("lora") is not None:
        yield from module_problems("lora.modules", value("lora.modules"), there)


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
        yield (
            "training.launch",
            "ppo computes its means over one process and cannot run in several; rloo, grpo, gdpo can",
        )
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
