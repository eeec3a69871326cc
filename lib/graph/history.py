"""What git knows: the texts that a file has had, and of which commit the results of an experiment are.

dvc.lock of an experiment beside the default one says in comments at its head at which commit it was recorded: on a line
for all stages, and on one for those that were recorded at another. DVC leaves comments where they are.
"""

import re
import subprocess
from collections.abc import Iterable, Mapping
from hashlib import md5
from pathlib import Path

LINE = re.compile(r"^# Recorded at commit ([0-9a-f]{40})(?:: (.+))?$\n?", re.MULTILINE)


def git(*arguments: str) -> bytes:
    """What a command of git prints. Raises ValueError where it fails."""
    done = subprocess.run(["git", *arguments], capture_output=True)
    if done.returncode:
        raise ValueError(f"git {' '.join(arguments)}: {done.stderr.decode().strip()}")
    return done.stdout


def text_of(path: str, digest: str) -> bytes | None:
    """The text that a file had in some commit, by its MD5; None where it had it in none."""
    log = git("log", "--all", "--full-history", "-m", "--format=", "--raw", "--no-abbrev", "--no-renames", "--", path)
    blobs = dict.fromkeys(line.split()[3] for line in log.decode().splitlines())
    texts = (git("cat-file", "blob", blob) for blob in blobs if blob.strip("0"))
    return next((text for text in texts if md5(text).hexdigest() == digest), None)


def head(code: Iterable[str]) -> str:
    """The commit that is checked out. Raises ValueError where one of these files or a rule is not as in it."""
    if edited := git("status", "--porcelain", "--", "Snakefile", "rules", *code).decode().splitlines():
        files = ", ".join(line[3:] for line in edited)
        raise ValueError(f"{files}: not committed, and what is recorded is to say of which commit it is: commit first")
    return git("rev-parse", "HEAD").decode().strip()


def changed_since(commit: str) -> set[str]:
    """The Python files that are others now than they were in a commit."""
    return set(git("diff", "--name-only", "--no-renames", commit, "HEAD", "--", "*.py").decode().splitlines())


def recorded_at(lock_file: Path, stages: Iterable[str]) -> dict[str, str]:
    """The commit of each stage, by the head of dvc.lock; nothing where that has none."""
    lines = LINE.findall(lock_file.read_text()) if lock_file.exists() else []
    listed = [dict.fromkeys(names.split(", ") if names else stages, commit) for commit, names in lines]
    return {stage: commit for one in listed for stage, commit in one.items()}


def write_head(lock_file: Path, commits: Mapping[str, str | None]) -> None:
    """Writes the commit of each stage, None where nobody knows it, at the head of dvc.lock."""
    stages: dict[str, list[str]] = {}
    for stage, commit in commits.items():
        if commit is not None:
            stages.setdefault(commit, []).append(stage)
    ranked = sorted(stages, key=lambda commit: -len(stages[commit]))
    names = {commit: f": {', '.join(stages[commit])}" for commit in ranked}
    if None not in commits.values():
        names |= dict.fromkeys(ranked[:1], "")  # of all that no other line names
    lines = [f"# Recorded at commit {commit}{names[commit]}\n" for commit in ranked]
    lock_file.write_text("".join(lines) + LINE.sub("", lock_file.read_text()))
