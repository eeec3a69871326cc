"""What the terminal shows of jobs that fail: two lines each. The whole stays in .snakemake/log and in the jobs' logs.

Only Snakemake's own handler for the terminal is given this; a logger plugin that takes its place may use
`failure_lines`.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from snakemake.logging import DefaultFormatter, get_event
from snakemake_interface_logger_plugins.common import LogEvent

STATUS = re.compile(r"returned non-zero exit status \d+|died with <[^>]*>")
EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit)\b(?::.*)?$")
LAST = "Exiting because a job execution failed"
NOISE = ("Shutting down, this might take some time.", "WorkflowError:\nAt least one job did not complete")


class ShortFailures(DefaultFormatter):
    """Snakemake's formatter, with two lines in place of the block about a failed job, and again at the end of a run."""

    def __init__(self, other: DefaultFormatter) -> None:
        super().__init__(other.quiet, other.show_failed_logs)
        self.wildcards: dict[int, Mapping[str, str]] = {}  # by the number of the job
        self.status = ""  # how the command of the job that failed last has ended
        self.failed: dict[int, str] = {}  # by the number of the job
        self.at_end = False  # whether nothing was shown since the last failure

    def format(self, record: logging.LogRecord) -> str:
        """The text of a record; nothing for what is not to be shown."""
        event, text = get_event(record), record.getMessage()
        if event == LogEvent.JOB_INFO:
            self.wildcards[record.jobid] = dict(record.wildcards or {})
        if event == LogEvent.JOB_ERROR:
            self.at_end = True
            self.failed[record.jobid] = "\n".join(failure_lines(record.__dict__, self.wildcards, self.status))
            return self.failed[record.jobid]
        if event == LogEvent.JOB_FINISHED:
            self.failed.pop(record.job_id, None)  # it was tried again
        if event == LogEvent.ERROR and text.startswith("RuleException:\nCalledProcessError"):
            self.status = " ".join(STATUS.findall(text)[-1:])
            return ""
        if text.startswith(LAST):
            return "" if self.at_end else "\n".join(self.failed.values())
        if text.startswith(NOISE):
            return ""
        self.at_end = False
        return super().format(record)


def shorten_failures(logger: logging.Logger) -> None:
    """Has the terminal show failures in short, unless Snakemake is to be verbose."""
    for handler in logger.handlers:
        if handler.name == "DefaultStreamHandler" and logger.level > logging.DEBUG:
            handler.setFormatter(ShortFailures(handler.formatter))


def failure_lines(job: Mapping[str, Any], wildcards: Mapping[int, Mapping[str, str]], status: str) -> list[str]:
    """What failed, with the line of its log that says why; and where the log is.

    job: a record of Snakemake about a failed job. wildcards: by the number of a job. status: how its command ended.
    """
    known = wildcards.get(job["jobid"])
    named = job["output"][:1] if known is None else [f"{name}={value}" for name, value in known.items()]
    which = f" ({', '.join(named)})" if named else ""
    logs = logs_of(job)
    reason = next(filter(None, map(reason_in, logs)), None)
    if job["rule_msg"]:  # of a cluster, as that a job came to its time limit
        reason = f"{job['rule_msg'].partition('. ')[0]}{f'; its log ends with: {reason}' if reason else ''}"
    reason = reason or f"it says nothing; its command {status or 'failed'}"
    return [f"failed: {job['rule_name']}{which}: {reason}", *(f"log: {log}" for log in logs)]


def logs_of(job: Mapping[str, Any]) -> list[Path]:
    """The logs of a job, from a record about it, in which words such as "(send to storage)" may stand behind a path."""
    return [Path(log.split(" (")[0]) for log in job["log"]]


def reason_in(log: Path) -> str | None:
    """The line of a log that says why the job failed: the message of an error, or the last line of a traceback."""
    if not log.is_file():
        return None
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return last(lines, re.compile("error: ")) or of_traceback(lines) or (lines[-1] if lines else None)


def of_traceback(lines: list[str]) -> str | None:
    """The exception that a traceback ends with."""
    if not any(line.startswith("Traceback (most recent call last)") for line in lines):
        return None
    found = last(lines, EXCEPTION)
    return found and f"{found} (not foreseen: the log has the whole traceback)"


def last(lines: Iterable[str], form: re.Pattern[str]) -> str | None:
    """The last line that begins with this form."""
    return next((line for line in reversed(list(lines)) if form.match(line)), None)
