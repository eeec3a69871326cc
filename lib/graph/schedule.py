"""How long jobs take that wait for each other, on some cores."""

from collections.abc import Hashable, Mapping, Set
from typing import TypeVar

import networkx as nx

Job = TypeVar("Job", bound=Hashable)


def wall_time(seconds: Mapping[Job, float], waits_for: Mapping[Job, Set[Job]], cores: int) -> float:
<<<<<<< HEAD
    """A lower bound on the seconds until all jobs are done, if each takes one core.

    It is the longest chain of jobs, or the sum of all jobs divided by the cores, whichever is longer.
    waits_for: for each job, the jobs that it depends on; those that are not in `seconds` are done already.
=======
    """Seconds until the last of the jobs is done, if each takes one core: at the least.

    That is the longest way through them, or what all of them take together over the cores, whichever is longer.
    waits_for: of each job, those that have to be done before; jobs that are not in `seconds` are done.
>>>>>>> main
    """
    start = object()
    graph = nx.DiGraph()
    for job, time in seconds.items():
        before = [other for other in waits_for.get(job, ()) if other in seconds]
<<<<<<< HEAD
        graph.add_weighted_edges_from((other, job, time) for other in [start, *before])
    return max(nx.dag_longest_path_length(graph), sum(seconds.values()) / cores)
=======
        ways.add_weighted_edges_from((other, job, time) for other in [start, *before])
    return max(nx.dag_longest_path_length(ways), sum(seconds.values()) / cores)
>>>>>>> main
