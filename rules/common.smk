# What every rules file uses: the parameters, checked; what a job depends on; where rewards come from.

import ast
import importlib.util
import json
import os
import re
import sys
from functools import cache
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from snakemake.exceptions import WorkflowError

sys.path.insert(0, workflow.basedir)
from lib.machine.gpus import gpus_here
from lib.models.hub import from_hub
from lib.graph.sizes import megabytes, minutes, parameters_of_llama
from lib.reward_models.mixtures import MIXTURE, NAME, between, mixture_name, mixture_weights, simplex

ROOT = Path(workflow.basedir)
PARAMS = ", ".join(os.path.relpath(file) for file in workflow.configfiles)  # what config was read from
RESULTS = f"results/{config.get('experiment')}"
BRACES = {ord("{"): r"\u007b", ord("}"): r"\u007d"}  # in JSON: Snakemake would take what they hold for a wildcard
PLOTS = {}  # what `dvc plots` draws: a title or a picture's path, and what dvc.yaml says of it


def wrong_in_params():
    """The keys of the parameters that are wrong, each with what is wrong about it."""
    schema = yaml.safe_load((ROOT / "rules/params.schema.yaml").read_text())
    error = best_match(Draft202012Validator(schema).iter_errors(config))
    if error is not None:
        yield ".".join(map(str, error.absolute_path)) or "top level", error.message
        return
    for key in ("rewarded_soups.rewards", "rewarded_soups.simplex_rewards"):
        for name in set(value(key)) - set(config["rewards"]):
            yield key, f"{name!r} is not one of the rewards ({', '.join(config['rewards'])})"
    for key in ("warp.reward", "salsa.reward"):
        try:
            names = set(mixture_weights(value(key)))
        except ValueError as error:
            yield key, str(error)
            return
        for name in names - set(config["rewards"]):
            yield key, f"{name!r} is not one of the rewards ({', '.join(config['rewards'])})"
    for key in ("salsa.pairs", "salsa.more_pairs"):
        for i, (first, second) in enumerate(value(key)):
            if variant(first) == variant(second):
                yield f"{key}.{i}", f"both are the policy {variant(first).name}"
    sources = {f"rewards.{name}": source for name, source in config["rewards"].items()} | {"gold": config["gold"]}
    for key, source in sources.items():
        if "function" in source and not is_defined(source["function"]):
            yield f"{key}.function", f"there is no {source['function']}"
        if "label" in source and isinstance(source["label"], str) and source["label"] not in known_labels():
            yield f"{key}.label", f"{source['label']!r} is not one of the labels ({', '.join(known_labels())})"
        if isinstance(source.get("label"), dict):
            if len(set(source["label"].values())) < 2:
                yield f"{key}.label", "all domains have the same number: there is nothing to learn"
            if not has_domains():
                yield f"{key}.label", "the domains that it names are a column of the data, which data.labels lacks"
    if value("data.left_out") is not None and not has_domains():
        yield "data.left_out", "it is one of the domains, a column of the data, which data.labels lacks"
    if "rows" in config["data"] and not is_defined(value("data.rows.function")):
        yield "data.rows.function", f"there is no {value('data.rows.function')}"
    batches = {key: value(f"{key}.batch_size") for key in ("sft", "reward_model", "reward_ensembles")}
    batches["policy"] = value("policy.prompts_per_step") * value("policy.completions_per_prompt")
    for key, batch in batches.items():
        if batch % value(f"{key}.parts"):
            yield f"{key}.parts", f"a batch of {batch} does not fall into as many parts of equal size"
    if value("training.launch") != "none":
        yield from wrong_in_launch(batches)
    if value("reward_ensembles.best_of") > value("reward_ensembles.samples_per_prompt"):
        yield "reward_ensembles.best_of", "it is more than reward_ensembles.samples_per_prompt"
    if not any(of.ensemble.kind == "single" and of.ensemble.flipped is None for of in ensemble_variants("main")):
        yield "reward_ensembles.policies", "there is no {ensemble: single, beta: ...}, which all others are compared with"
    if "heads" in config["base"] and value("base.hidden_size") % (2 * value("base.heads")):
        yield "base.heads", f"twice {value('base.heads')} does not divide base.hidden_size"


def wrong_in_launch(batches):
    """What is wrong about trainings in several processes, and of which batches they cannot have equal parts."""
    if not launch_file().exists():
        names = ", ".join(sorted(file.stem for file in launch_file().parent.glob("*.yaml")))
        yield "training.launch", f"there is no {launch_file()}; there are none, {names}"
        return
    launched = yaml.safe_load(launch_file().read_text())
    for key, batch in batches.items():
        if batch % (value(f"{key}.parts") * launched["num_processes"]):
            yield f"{key}.parts", f"a batch of {batch} does not fall into as many parts of equal size for each process"
    if value("policy.algorithm") == "ppo":
        yield "training.launch", "ppo takes its means over one process; rloo and grpo run in several"
    if launched["distributed_type"] == "FSDP" and value("warp.mu"):
        yield "training.launch", "the moving anchor (warp.mu) needs whole weights in each process, as multi_gpu has them"


def launch_file():
    """The configuration of accelerate that trainings are started with."""
    return Path(f"profiles/accelerate/{value('training.launch')}.yaml")


def known_labels():
    """The columns of the data that a reward can learn from."""
    return ["rating"] if "rows" not in config["data"] else value("data.labels")


def has_domains():
    """Whether the data say of which domain a text is."""
    return "rows" not in config["data"] or "domain" in value("data.labels")


def module_file(name):
    """Where a module of this repository would be."""
    return ROOT.joinpath(*name.split(".")).with_suffix(".py")


def is_defined(function):
    """Whether module:function is there; a module of this repository is read, not imported."""
    place, name = function.split(":")
    file = module_file(place)
    if file.exists():
        return any(getattr(node, "name", None) == name for node in ast.parse(file.read_text()).body)
    try:
        return importlib.util.find_spec(place) is not None
    except ModuleNotFoundError:
        return False


def value(key):
    """The value of a dotted key of the parameters; a number in it is a place in a list."""
    found = config
    for part in key.split("."):
        found = found[int(part) if isinstance(found, list) else part]
    return found


def settings(*keys, **values):
    """One JSON object with the values of dotted keys, and others by name, for a job's --settings.

    One string, because Snakemake compares a job's parameters as a set of values: two values
    swapped would go unnoticed. DVC follows the keys that stand in it (lib/graph/dvc_stages.py). Where a value
    by name comes from the parameters, its keys stand beside it: `derived_from=settings(...)`.
    """
    assert not values.keys() & config.keys(), "a value by name would be taken for a section"
    text = json.dumps(plain({key: value(key) for key in keys} | values), sort_keys=True)
    return re.sub(r'"(?:[^"\\]|\\.)*"', lambda string: string[0].translate(BRACES), text)


def plain(found):
    """The value with 6 for 6.0, which DVC takes for the same."""
    if isinstance(found, dict):
        return {key: plain(inner) for key, inner in found.items()}
    if isinstance(found, list | tuple):
        return [plain(inner) for inner in found]
    return int(found) if isinstance(found, float) and found.is_integer() else found


@cache
def code(script):
    """The script and every module of lib and scripts that it imports, directly or not."""
    seen, todo = set(), [script]
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo += imported(file)
    return sorted(seen)


@cache
def imported(file):
    """The modules of this repository that one of its files imports, at its top or in a function."""
    names = []
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [str(module.relative_to(ROOT)) for module in map(module_file, names) if module.exists()]


def seed_key(number):
    """The key of the seed of sft/1, sft/2."""
    return f"sft.seeds.{int(number) - 1}"


def reward_source(name):
    """Where a reward comes from, as lib.reward_models.loading.load takes it."""
    if name not in config["rewards"]:
        raise WorkflowError(f"{name!r} is not one of the rewards of {PARAMS} ({', '.join(config['rewards'])})")
    spec = config["rewards"][name]
    if "ensemble" in spec:
        return ensemble_source(ensemble(spec, value("reward_ensembles.flipped")), spec.get("seed", 0))
    if "label" in spec:
        return {"models": [f"{RESULTS}/reward/{name}"], "aggregate": "mean", "coefficient": 0}
    return spec


def lora_base():
    """What a job that reads or writes LoRA policies or rewards needs beside them: the model that they are laid over."""
    return [] if value("lora") is None else [f"{RESULTS}/base"]


def pretrained_files():
    """What a pre-trained θ_pre is taken from: the wheel or the directory, or nothing that is here."""
    source = value("base.source")
    if from_hub(source):
        return []
    return f"{RESULTS}/data/base.whl" if source.startswith("wheel:") else source


def gold_source():
    """The gold reward as lib.reward_models.loading.load takes it: fitted on a human label, or given."""
    return {"gold": f"{RESULTS}/gold"} if "label" in config["gold"] else config["gold"]


def gold_files():
    """What a job that uses the gold reward has to have."""
    return source_files([gold_source()])


def gold_keys():
    """The keys that a gold reward which is given comes from."""
    return [] if "label" in config["gold"] else ["gold"]


def reward_files(names):
    """What a job that uses these rewards has to have: their models, and the modules of their functions."""
    return source_files([reward_source(name) for name in names])


def source_files(sources):
    """What is here of what rewards come from."""
    models = [path for source in sources for path in source.get("models", [])]
    given = [source[kind] for source in sources for kind in ("gold", "classifier") if kind in source]
    models += [source for source in given if not from_hub(source)]
    return models + [name for source in sources if "function" in source for name in function_code(source)]


def function_code(spec):
    """The modules of this repository that a `module:function` comes from."""
    file = module_file(spec["function"].split(":")[0])
    return code(str(file.relative_to(ROOT))) if file.exists() else []


def mixture_sources(mixture):
    """The rewards of a mixture, each with its weight."""
    return {name: reward_source(name) | {"weight": weight} for name, weight in mixture_weights(mixture).items()}


def policy_settings(reward, *keys, split="train", **values):
    """What the script takes: the reward, what all policies share, and what is this policy's own."""
    if value("policy.algorithm") == "ppo":
        keys += ("policy.ppo",)
    else:
        values["ppo"] = {}
    return settings(
        "data.prompt_words",
        "data.left_out",
        "policy.algorithm",
        "policy.prompts_per_step",
        "policy.completions_per_prompt",
        "policy.parts",
        "policy.max_new_tokens",
        "policy.temperature",
        "policy.learning_rate",
        "policy.kl_every",
        "evaluation.kl_estimator",
        "lora",
        "compute",
        *keys,
        reward=reward,
        split=split,
        **values,
    )


def reward_keys(mixture):
    """The keys that the rewards of a mixture come from."""
    names = mixture_weights(mixture)
    return [*(f"rewards.{name}" for name in names), *ensemble_keys(names)]


def all_reward_keys():
    """The keys that all rewards come from, the gold reward among them."""
    return ["rewards", *ensemble_keys(config["rewards"]), *gold_keys()]


def ensemble_keys(names):
    """The keys of the section of ensembles that some rewards come from."""
    any_ensemble = any("ensemble" in config["rewards"].get(name, {}) for name in names)
    return ["reward_ensembles.flipped", "reward_ensembles.coefficient"] if any_ensemble else []


def evaluation_settings(points, within=True, rewards=None):
    """What the script takes: the points, and how they are judged; within the domains that policies saw, or beyond.

    rewards: names of those beside the gold reward, where they are not all.
    """
    sources = {name: reward_source(name) for name in (config["rewards"] if rewards is None else rewards)}
    return lambda wildcards: settings(
        "data.prompt_words",
        "data.left_out",
        "policy.max_new_tokens",
        "policy.temperature",
        "evaluation.kl_estimator",
        "evaluation.at_once",
        "compute",
        prompts_held_out=value("evaluation.prompts"),
        reward=sources | {"gold": gold_source()},
        points=points,
        within=within,
        seed=int(wildcards.seed),
    )


def point(method, name, policies, weights, of="linear", anchor=None):
    """What is scored: policies combined by a merge, or of="logits", with weights by policy.

    anchor: a soup of policies, also with weights by policy, to which its KL is told as well.
    """
    by_part = {"weights": weights} if anchor is None else {"weights": weights, "anchor": anchor}
    listed = {part: [given.get(policy, 0.0) for policy in policies] for part, given in by_part.items()}
    return {"method": method, "mixture": name, "of": of} | listed


include: "warp_points.smk"
include: "salsa_points.smk"
include: "reward_ensembles_points.smk"


for key, problem in wrong_in_params():
    sys.exit(f"{PARAMS}: {key}: {problem}")
config["rewards"] = dict(sorted(config["rewards"].items()))  # their order in the file means nothing


wildcard_constraints:
    seed=r"\d+",
    reward=NAME,
    mixture=MIXTURE,
    policies=r"\d+|all",
    iteration=r"\d+",
    number=r"\d+",
    beta=r"[0-9.e-]+",
    alpha=r"[0-9.e-]+",
    start="sft|soup",
    study="main|more",
    prompts="within|beyond",
    proxy=r"(frozen_)?heads-\d(-bootstrap)?",
    ensemble=r"(single|models|heads|frozen_heads)-\d(-bootstrap)?",
    aggregate="mean|worst_case|uncertainty_weighted",
    flipped=r"[0-9.e-]+",
