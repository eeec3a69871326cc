"""How long jobs that depend on each other take on a number of cores."""

from collections.abc import Hashable, Mapping, Set
from heapq import heappop, heappush
from typing import TypeVar

Job = TypeVar("Job", bound=Hashable)


def wall_time(seconds: Mapping[Job, float], waits_for: Mapping[Job, Set[Job]], cores: int) -> float:
    """Seconds until all jobs are done. Each takes one core; of the jobs that are ready, the one at the head of the
    longest chain of jobs starts first.

    waits_for: for each job, the jobs that it depends on; those that are not in `seconds` are done already.
    """
    pending = {job: {other for other in waits_for.get(job, ()) if other in seconds} for job in seconds}
    followers: dict[Job, list[Job]] = {job: [] for job in seconds}
    for job, others in pending.items():
        for other in others:
            followers[other].append(job)
    order = {job: i for i, job in enumerate(seconds)}
    chains: dict[Job, float] = {}

    def longest_chain(job: Job) -> float:
        if job not in chains:
            chains[job] = seconds[job] + max(map(longest_chain, followers[job]), default=0.0)
        return chains[job]

    ready = [(-longest_chain(job), order[job], job) for job, others in pending.items() if not others]
    ready.sort(reverse=True)
    running: list[tuple[float, int, Job]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < cores:
            _, _, job = ready.pop()
            heappush(running, (now + seconds[job], order[job], job))
        now, _, done = heappop(running)
        for follower in followers[done]:
            pending[follower].discard(done)
            if not pending[follower]:
                ready.append((-longest_chain(follower), order[follower], follower))
        ready.sort(reverse=True)
    return now
