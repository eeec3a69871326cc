"""A run as it goes: which jobs are done, which run now and how far they are, and how long the rest will take."""

import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

STEP = re.compile(r"step (\d+)/(\d+)\b.*")  # of a training's log (lib.training.settings.PrintProgress)
LONG_KL = "KL to the anchor per token"
TAIL = 4096  # bytes at the end of a log that are searched for its last step


@dataclass(frozen=True)
class Running:
    """A job that runs. name: its rule with its wildcards. log: None if it has none. since: seconds since 1970."""

    rule: str
    name: str
    log: Path | None
    since: float


@dataclass
class Run:
    """waiting: jobs that have not begun, by rule. asked: the time that one of a rule asks for, in any unit.
    began and `now`: seconds since 1970.
    """

    waiting: Counter[str]
    asked: Mapping[str, float]
    began: float
    running: dict[int, Running] = field(default_factory=dict)
    took: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, jobs: Iterable[tuple[str, float]]) -> "Run":
        """Begins now. jobs: the rule of each, and the time that it asks for."""
        jobs = list(jobs)
        return cls(Counter(rule for rule, _ in jobs), dict(jobs), time.time())

    @property
    def total(self) -> int:
        """Jobs of the run."""
        return self.done + len(self.running) + self.waiting.total()

    @property
    def done(self) -> int:
        """Jobs that have ended well."""
        return sum(map(len, self.took.values()))

    def begins(self, number: int, rule: str, wildcards: Mapping[str, str], log: Path | None, now: float) -> None:
        """A job has been started. The target, whose rule has no results and is not in `waiting`, is not counted."""
        if rule not in self.waiting:
            return
        self.waiting[rule] -= 1
        name = " ".join([rule, *(f"{key}={value}" for key, value in wildcards.items())])
        self.running[number] = Running(rule, name, log, now)

    def ends(self, number: int, now: float) -> Running | None:
        """A job has ended well; None if it is not known."""
        job = self.running.pop(number, None)
        if job is not None:
            self.took[job.rule].append(now - job.since)
        return job

    def fails(self, number: int) -> None:
        """A job has failed; if it is tried again, it begins anew."""
        if (job := self.running.pop(number, None)) is not None:
            self.waiting[job.rule] += 1

    def seconds_left(self, now: float) -> float | None:
        """An estimate. None before the first job has ended.

        A job takes what those of its rule have taken on average. Where none has ended, it takes that share of what it
        asks for which all that have ended have taken of theirs. As many run at once as did until now.
        """
        if not self.done:
            return None
        spent = sum(sum(seconds) for seconds in self.took.values())
        share = spent / sum(len(seconds) * self.asked[rule] for rule, seconds in self.took.items())
        mean = {rule: share * asked for rule, asked in self.asked.items()}
        mean |= {rule: sum(seconds) / len(seconds) for rule, seconds in self.took.items()}
        work = sum(count * mean[rule] for rule, count in self.waiting.items())
        for job in self.running.values():
            gone = now - job.since
            spent += gone
            work += seconds_left_of(job, gone, mean[job.rule])
        return work / max(spent / max(now - self.began, 1e-9), 1)


def seconds_left_of(job: Running, gone: float, mean: float) -> float:
    """Of one job: by its steps where its log tells them, otherwise by what its like have taken."""
    step = STEP.match(last_step(job))
    if step and int(step[1]):
        return gone * (int(step[2]) / int(step[1]) - 1)
    return max(mean - gone, 0)


def last_step(job: Running) -> str:
    """How far a training is, by its log: step, reward or loss, and KL; empty if it does not say, or has not begun."""
    if job.log is None or not job.log.exists() or job.log.stat().st_mtime < job.since:
        return ""  # a log of earlier is an earlier run's
    with job.log.open("rb") as file:
        file.seek(max(job.log.stat().st_size - TAIL, 0))
        lines = file.read().decode("utf-8", errors="replace").splitlines()
    step, *entries = next((line for line in reversed(lines) if STEP.fullmatch(line)), "").split("  ")
    kl = [entry.replace(LONG_KL, "KL") for entry in entries[1:] if entry.startswith(LONG_KL)]
    return "  ".join([step, *entries[:1], *kl])


def in_words(seconds: float) -> str:
    """A time of a run: `40 s`, `9 min`, `2 h 5 min`."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
