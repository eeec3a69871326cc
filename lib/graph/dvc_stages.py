"""The same graph for DVC: a stage for each job of Snakemake, and what DVC recorded of it.

A stage runs its one job through Snakemake, so that there is one description of how it is done.
`--allowed-rules` and `--force` keep it to that job: without the first Snakemake would make
upstream jobs again behind DVC's back, without the second it might find nothing to do and leave
an old output under new parameters.

An experiment is a file of parameters, and its stages are in the dvc.yaml beside that file. Their paths
start at the root wherever that is, by `wdir`; those of dvc.yaml's other sections start at its folder.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from dvc.fs import localfs
from dvc.lock import LockError
from dvc.output import Output
from dvc.repo import Repo
from dvc.rwlock import rwlock
from dvc.stage import Stage
from dvc.utils.serialize import modify_yaml
from dvc_data.hashfile.db import HashFileDB
from dvc_data.hashfile.hash import file_md5
from snakemake.jobs import Job

from lib.graph.jobs import Graph, last_written, name

DEFAULT_PARAMS = Path("params.yaml")  # what the Snakefile and DVC read where no other file is named
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
    folder = graph.params.parent
    models = [path for key, path in outputs if key == "model"]
    return {
        "stages": {name(job): stage(job, graph.config, graph.params) for job in graph.jobs},
        "metrics": [os.path.relpath(path, folder) for key, path in outputs if key == "metrics"],
        "plots": [plot(title, definition, folder) for title, definition in graph.plots.items()],
        "artifacts": {artifact_name(path): {"path": os.path.relpath(path, folder), "type": "model"} for path in models},
    }


def stage(job: Job, config: dict[str, Any], params: Path) -> dict[str, Any]:
    """One job as a stage of DVC."""
    keys = sorted({key for value in job.params for key in json.loads(value) if "." in key or key in config})
    default = params == DEFAULT_PARAMS
    command = COMMAND.format(
        configuration="" if default else f" --configfile {params}",
        rule=job.rule.name,
        output=job.output[0],
        digest=digest(job, keys),
    )
    return {
        "cmd": command,
        **({} if default else {"wdir": os.path.relpath(".", params.parent)}),
        "deps": sorted(set(job.input)),
        **({"params": keys if default else [{str(params): keys}]} if keys else {}),
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
    return HEADER.format(params=graph.params) + yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=10**6)


def require_same(jobs: Iterable[Job], config: dict[str, Any], params: Path) -> None:
    """Raises ValueError where a job is not the one that the experiment's dvc.yaml describes."""
    stages = yaml.safe_load(pipeline_file(params).read_text())["stages"]
    if any(stages.get(name(job)) != stage(job, config, params) for job in jobs):
        raise ValueError(outdated(params))


def outdated(params: Path) -> str:
    """What is wrong with an experiment's dvc.yaml that was not written after an edit."""
    return OUTDATED.format(pipeline=pipeline_file(params), params=params)


class Records:
    """What an experiment's dvc.yaml and dvc.lock say, against the files that are there."""

    def __init__(self, repo: Repo, params: Path) -> None:
        repo.index.check_graph()  # no two experiments have the same results
        file = pipeline_file(params)
        self.stages: dict[str, Stage] = {one.name: one for one in repo.index.stages if one.path_in_repo == str(file)}
        self.lock_file = file.with_suffix(".lock")

    def changes(self, stage_name: str) -> dict[str, str]:
        """What differs from dvc.lock: a path and how, the parameters' file and the keys, or `stage` for its command.

        A stage that was never recorded differs in all. A file that is not here differs in nothing,
        and whether the cache has it does not matter.
        """
        one = self.stages[stage_name]
        found = {}
        for entry in [*one.deps, *one.outs]:
            for what, how in entry.workspace_status().items():
                found[what] = how if isinstance(how, str) else ", ".join(how)
        if one.changed_stage():
            found["stage"] = "modified"
        return {what: how for what, how in found.items() if how != "deleted"}

    def is_cached(self, stage_name: str) -> bool:
        """Whether the cache has the outputs as dvc.lock has them."""
        return self.stages[stage_name].outs_cached()

    def record(self, names: Iterable[str], judged: float) -> None:
        """Puts the outputs that are there into the cache, and them and what they came from into dvc.lock.

        Raises ValueError, and records nothing, if something was written after `judged`, in seconds
        since 1970, when the outputs were found to be current.
        """
        chosen = [self.stages[stage_name] for stage_name in names]
        for one in chosen:
            one.save(run_cache=False)
            one.commit(relink=False)  # a file that was linked anew would look newer than what was made from it
        for path in {entry.fs_path for one in chosen for entry in [*one.deps, *one.outs]}:
            if last_written(path) > judged:
                raise ValueError(f"{path} was written meanwhile: nothing is recorded, run it again")
        for one in chosen:
            one.repo.stage_cache.save(one)
        if chosen:
            chosen[0].dvcfile.dump_stages(chosen, update_pipeline=False)
        if self.lock_file.exists():
            with modify_yaml(self.lock_file) as lock:
                for gone in lock["stages"].keys() - self.stages.keys():
                    del lock["stages"][gone]

    def damaged(self, stage_name: str) -> list[str]:
        """A line about each file whose content is not what dvc.lock says, as far as it says it file by file."""
        return [
            line
            for out in self.stages[stage_name].outs
            for path, expected in contents(out)
            for line in differing(path, expected, out.cache)
        ]


def contents(out: Output) -> list[tuple[str, str]]:
    """The files of an output and their hashes by dvc.lock; nothing for a directory whose list the cache has not."""
    if not out.hash_info:
        return []
    if not out.is_dir_checksum:
        return [(str(out), out.hash_info.value)]
    return [(str(Path(str(out), *key)), found.value) for key, _, found in out.get_obj() or []]


def differing(path: str, expected: str, cache: HashFileDB) -> list[str]:
    """One line about a file that is not what it was recorded as; nothing about others."""
    if not Path(path).exists():
        return [f"{path} is missing: `dvc checkout` brings it back"]
    if file_md5(path, localfs) == expected:
        return []
    stored = Path(cache.oid_to_path(expected))
    if stored.exists() and file_md5(str(stored), localfs) != expected:
        return [f"{path} and its object in the cache: remove it and {stored}, then `dvc pull`"]
    return [f"{path} is not what dvc.lock says: remove it, then `dvc checkout`"]


@contextlib.contextmanager
def records(params: Path, trusting: bool = True) -> Iterator[Records]:
    """DVC's records of an experiment, while no other DVC command can change them.

    `trusting` takes a file for what DVC last knew it to be while its time and size are the same;
    without, every file is read.
    """
    with tempfile.TemporaryDirectory() as nothing_known:
        config = {} if trusting else {"core": {"site_cache_dir": nothing_known}}
        with Repo(config=config) as repo, repo.lock:
            yield Records(repo, params)


@contextlib.contextmanager
def in_use(user: str, made: Iterable[str], read: Iterable[str]) -> Iterator[None]:
    """Meanwhile `dvc repro` removes none of these paths and reads none of the first: it says who uses them.

    Raises dvc.lock.LockError where a DVC command uses one of them.
    """
    folder = Path(".dvc/tmp").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    absolute = [[str(Path(path).absolute()) for path in paths] for paths in (read, made)]
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(rwlock(str(folder), localfs, user, *absolute, hardlink=False))
        except LockError as error:  # DVC repeats itself for each of many paths
            raise LockError("\n".join(dict.fromkeys(str(error).splitlines()))) from None
        yield
