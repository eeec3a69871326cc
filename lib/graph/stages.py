"""The same graph for DVC: a stage for each job of Snakemake.

A stage runs its one job through Snakemake, so that there is one description of how it is done.
`--allowed-rules` and `--force` keep it to that job: without the first Snakemake would make
upstream jobs again behind DVC's back, without the second it might find nothing to do and leave
an old output under new parameters.

Where an experiment's file extends another, the values are in the results: a stage of its own writes them there, and
runs before those that take one.

An experiment is a file of parameters, and its stages are in the dvc.yaml beside that file. Their paths
start at the root wherever that is, by `wdir`; those of dvc.yaml's other sections start at its folder.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml
from snakemake.jobs import Job

from lib.graph.full_parameters import values_file
from lib.graph.jobs import Graph, name
from lib.graph.parameter_files import DEFAULT_PARAMS

PARAMS_STAGE = "params"  # of an experiment that extends another: it writes the full parameters, which the others read
OUTDATED = (
    "{pipeline} is not what the Snakefile and {params} say: run `python -m scripts.dvc_graph write --params {params}`"
)
HEADER = "# Written by `python -m scripts.dvc_graph write` from the Snakefile and {params}: change those.\n"
COMMAND = (
    "snakemake{configuration} --cores all --quiet progress host reason --rerun-incomplete"
    " --allowed-rules {rule} --force -- {output}  # command {digest}"
)


def pipeline_file(params: Path) -> Path:
    """The dvc.yaml of an experiment."""
    return params.with_name("dvc.yaml")


def pipeline(graph: Graph) -> dict[str, Any]:
    """What dvc.yaml holds. Outputs called `model` in their rule are its artifacts, and `metrics` its metrics."""
    outputs = [item for job in graph.jobs for item in job.output.items()]
    folder, values = graph.params.parent, values_file(graph.params)
    models = [path for key, path in outputs if key == "model"]
    return {
        "stages": ({} if values == graph.params else {PARAMS_STAGE: params_stage(graph, values)})
        | {name(job): stage(job, graph.config, graph.params, values) for job in graph.jobs},
        "metrics": [os.path.relpath(path, folder) for key, path in outputs if key == "metrics"],
        "plots": [plot(title, definition, folder) for title, definition in graph.plots.items()],
        "artifacts": {artifact_name(path): {"path": os.path.relpath(path, folder), "type": "model"} for path in models},
    }


def params_stage(graph: Graph, values: Path) -> dict[str, Any]:
    """The stage that writes the full parameters. They are in git, in what they are written from, and in no cache."""
    return {
        "cmd": f"python -m scripts.params --write --params {graph.params}",
        **in_root(graph.params),
        "deps": sorted(graph.resolved.files),
        "outs": [{str(values): {"cache": False}}],
    }


def in_root(params: Path) -> dict[str, str]:
    """Where a stage runs, for DVC: in the root, which need not be said in the root."""
    return {} if params == DEFAULT_PARAMS else {"wdir": os.path.relpath(".", params.parent)}


def stage(job: Job, config: dict[str, Any], params: Path, values: Path) -> dict[str, Any]:
    """One job as a stage of DVC. values: the file that its parameters are read from."""
    keys = sorted({key for value in job.params for key in json.loads(value) if "." in key or key in config})
    command = COMMAND.format(
        configuration="" if params == DEFAULT_PARAMS else f" --configfile {params}",
        rule=job.rule.name,
        output=job.output[0],
        digest=digest(job, keys),
    )
    return {
        "cmd": command,
        **in_root(params),
        "deps": sorted(set(job.input)),
        **({"params": keys if values == DEFAULT_PARAMS else [{str(values): keys}]} if keys else {}),
        "outs": sorted(job.output),
    }


def plot(title: str, definition: dict[str, Any] | None, folder: Path) -> dict[str, Any]:
    """A picture, or a chart of columns of files, as a dvc.yaml in that folder names them."""
    if definition is None:
        return {os.path.relpath(title, folder): None}
    return {
        title: {
            key: {os.path.relpath(path, folder): column for path, column in of.items()} if isinstance(of, dict) else of
            for key, of in definition.items()
        }
    }


def digest(job: Job, keys: Sequence[str]) -> str:
    """A hash of what DVC does not see of a job: its shell command, which input is which in it, and those of
    its parameters that are no keys of the experiment's.
    """
    inputs = {key: [paths] if isinstance(paths, str) else list(paths) for key, paths in job.input.items()}
    others = [{key: value for key, value in json.loads(text).items() if key not in keys} for text in job.params]
    return hashlib.sha256(json.dumps([job.rule.shellcmd, inputs, others]).encode()).hexdigest()[:8]


def artifact_name(path: str) -> str:
    """`results/nano/policy/editorial=0.5+positivity=0.5/seed-1` as policy-editorial-0-5-positivity-0-5-seed-1."""
    return "".join(letter if letter.isalnum() else "-" for letter in "/".join(Path(path).parts[2:]))


def render(graph: Graph) -> str:
    """The text of dvc.yaml."""
    plain = json.loads(json.dumps(pipeline(graph)))  # Snakemake's paths are strings of a kind of their own
    text = yaml.dump(plain, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=10**6)
    return HEADER.format(params=graph.params) + text


def require_same(jobs: Iterable[Job], config: dict[str, Any], params: Path) -> None:
    """Raises ValueError where a job is not the one that the experiment's dvc.yaml describes."""
    stages = yaml.load(pipeline_file(params).read_text(), yaml.CSafeLoader)["stages"]
    values = values_file(params)
    if any(stages.get(name(job)) != stage(job, config, params, values) for job in jobs):
        raise ValueError(outdated(params))


def outdated(params: Path) -> str:
    """What is wrong with an experiment's dvc.yaml that was not written after an edit."""
    return OUTDATED.format(pipeline=pipeline_file(params), params=params)
