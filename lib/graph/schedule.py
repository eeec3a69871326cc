"""How long jobs take that wait for each other, on some cores."""

from collections.abc import Hashable, Mapping, Set
from heapq import heappop, heappush
from typing import TypeVar

Job = TypeVar("Job", bound=Hashable)


def wall_time(seconds: Mapping[Job, float], waits_for: Mapping[Job, Set[Job]], cores: int) -> float:
    """Seconds until the last of the jobs is done, if each takes one core, and the one with the longest way to the end
    behind it starts first.

    waits_for: of each job, those that have to be done before; jobs that are not in `seconds` are done.
    """
    left = {job: {other for other in waits_for.get(job, ()) if other in seconds} for job in seconds}
    followers: dict[Job, list[Job]] = {job: [] for job in seconds}
    for job, others in left.items():
        for other in others:
            followers[other].append(job)
    order = {job: i for i, job in enumerate(seconds)}
    remaining: dict[Job, float] = {}

    def to_the_end(job: Job) -> float:
        if job not in remaining:
            remaining[job] = seconds[job] + max(map(to_the_end, followers[job]), default=0.0)
        return remaining[job]

    ready = [(-to_the_end(job), order[job], job) for job, others in left.items() if not others]
    ready.sort(reverse=True)
    running: list[tuple[float, int, Job]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < cores:
            _, _, job = ready.pop()
            heappush(running, (now + seconds[job], order[job], job))
        now, _, done = heappop(running)
        for follower in followers[done]:
            left[follower].discard(done)
            if not left[follower]:
                ready.append((-to_the_end(follower), order[follower], follower))
        ready.sort(reverse=True)
    return now
