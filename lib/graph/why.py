"""Why a job has to run: the first causes among what it is made from, by name, and the way from them to it."""

import os
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import networkx as nx
from snakemake.jobs import Job

from lib.graph.changes import Change, by_change
from lib.graph.jobs import Graph, name
from lib.graph.records import Records


def job_of(graph: Graph, target: str) -> Job:
    """The job that a result, a file in one, or the name of a stage stands for.

    Raises ValueError, with names that are near, where there is none.
    """
    path = Path(os.path.relpath(target))
    for job in graph.jobs:
        if target == name(job) or any(Path(output) in (path, *path.parents) for output in job.output):
            return job
    known = [found for job in graph.jobs for found in (name(job), *map(str, job.output))]
    near = get_close_matches(target, known, cutoff=0.4)
    raise ValueError(f"{target} is no result and no stage of {graph.params}. Near it: {', '.join(near) or 'nothing'}")


def causes(graph: Graph, recorded: Records, before: set[str]) -> dict[str, list[Change]]:
    """What differs from dvc.lock about some jobs, by name, less what follows from one of them.

    before: the names of a job and of all that it is made from.
    """
    found: dict[str, list[Change]] = {}
    stale: set[str] = set()
    for one in graph.jobs:
        if name(one) not in before:
            continue
        changes = [change for change in recorded.changes(name(one)) if change.what not in stale]
        follows = bool(stale & set(one.input))
        own = [change for change in changes if change.kind != "output"] or ([] if follows else changes)
        if own:
            found[name(one)] = located(graph, own)
        if own or follows:
            stale |= set(one.output)
    return found


def located(graph: Graph, changes: list[Change]) -> list[Change]:
    """The same changes; a key of an experiment that extends another with the file where it stands."""
    if len(graph.resolved.files) == 1:
        return changes
    experiment = graph.experiment
    return [
        replace(change, how=f"{change.how}, in {experiment.file_of(change.what)}")
        if change.kind in ("key", "new key") and experiment.has(change.what)
        else change
        for change in changes
    ]


def ways(graph: Graph) -> nx.DiGraph:
    """The names of jobs, each with an edge to those that take what it makes."""
    found = nx.DiGraph()
    found.add_nodes_from(map(name, graph.jobs))
    found.add_edges_from((name(other), name(job)) for job in graph.jobs for other in graph.upstream(job))
    return found


def explain(graph: Graph, recorded: Records, target: str) -> list[str]:
    """Lines that say why a result or a stage is to be made again, by dvc.lock and by Snakemake, or that it is not.

    Raises ValueError where there is no such result or stage.
    """
    job = job_of(graph, target)
    all_ways = ways(graph)
    found = by_change(causes(graph, recorded, nx.ancestors(all_ways, name(job)) | {name(job)}))
    if not found:
        return [f"{name(job)} {as_recorded(graph, job)}{recorded.commit_of(name(job))}"]
    lines = [f"{name(job)} is not as in {recorded.lock_file}:"]
    for words, names in found.items():
        way = nx.shortest_path(all_ways, names[0], name(job))
        others = f" (and so for {len(names) - 1} more)" if len(names) > 1 else ""
        lines += [f"- {words}", f"  {' → '.join(way)}{others}"]
    return [*lines, in_snakemake(graph, job)]


def as_recorded(graph: Graph, job: Job) -> str:
    """The state of a job that is as in dvc.lock."""
    if graph.is_current(job):
        return "is up to date"
    if not graph.has_outputs(job):
        return "is as recorded, but its results are not here: `dvc pull` and `make adopt`, or run it"
    return "is as recorded, which Snakemake does not know: `make adopt` tells it"


def in_snakemake(graph: Graph, job: Job) -> str:
    """The state for Snakemake of a job that is not as in dvc.lock."""
    if graph.is_current(job):
        return "Snakemake has made it so: `make seal` records it"
    return f"Snakemake would run it: {graph.why_run(job) or 'once `make adopt` has told it'}"
