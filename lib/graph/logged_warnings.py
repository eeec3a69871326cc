"""Warnings in the logs of an experiment's jobs, for the end of a run."""

from pathlib import Path

MARK = "warning: "


def logged_warnings(logs: Path) -> str:
    """A line for each different warning, with the log that has it and how many others do; nothing if there is none."""
    where: dict[str, list[Path]] = {}
    for log in sorted(logs.rglob("*.log")):
        for line in dict.fromkeys(log.read_text(encoding="utf-8", errors="replace").splitlines()):
            if line.startswith(MARK):
                where.setdefault(line, []).append(log)
    return "".join(
        f"{line} ({found[0]}{f' and {len(found) - 1} more' if len(found) > 1 else ''})\n"
        for line, found in where.items()
    )
