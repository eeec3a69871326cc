"""Warnings in the logs of jobs, for the end of a run."""

from collections.abc import Iterable
from pathlib import Path

MARK = "warning: "


def logged_warnings(logs: Iterable[str]) -> str:
    """A line for each different warning, with the log that has it and how many others do; nothing if there is none.

    logs: of the jobs of a run; those of jobs that had nothing to do are of an earlier run, or not there.
    """
    where: dict[str, list[str]] = {}
    for log in sorted(set(logs)):
        text = Path(log).read_text(encoding="utf-8", errors="replace") if Path(log).exists() else ""
        for line in dict.fromkeys(text.splitlines()):
            if line.startswith(MARK):
                where.setdefault(line, []).append(log)
    return "".join(
        f"{line} ({found[0]}{f' and {len(found) - 1} more' if len(found) > 1 else ''})\n"
        for line, found in where.items()
    )
