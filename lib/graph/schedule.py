"""How long jobs that depend on each other take on a number of cores."""

from collections.abc import Hashable, Mapping, Set
from typing import TypeVar

import networkx as nx

Job = TypeVar("Job", bound=Hashable)


def wall_time(seconds: Mapping[Job, float], waits_for: Mapping[Job, Set[Job]], cores: int) -> float:
    """A lower bound on the seconds until all jobs are done, if each takes one core.

    It is the longest chain of jobs, or the sum of all jobs divided by the cores, whichever is longer.
    waits_for: for each job, the jobs that it depends on; those that are not in `seconds` are done already.
    """
    start = object()
    graph = nx.DiGraph()
    for job, time in seconds.items():
        before = [other for other in waits_for.get(job, ()) if other in seconds]
        graph.add_weighted_edges_from((other, job, time) for other in [start, *before])
    return max(nx.dag_longest_path_length(graph), sum(seconds.values()) / cores)
