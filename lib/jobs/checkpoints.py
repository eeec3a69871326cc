"""Checkpoints of a training: they outlive the job that wrote them, so that the next attempt goes on from the last."""

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_held = []  # locks, which end with the process, however that ends
SEAL = "sealed.json"  # written last; a checkpoint without it, or with files that are not as it says, is half-written


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints from which a training may resume.

    folder: beside what the job makes, until it is done. every: steps of the trainer between two checkpoints.
    job: what tells this job from others, such as its command line. made_of: the `versions` of what it is made of.
    """

    folder: Path
    every: int
    job: Any
    made_of: dict[str, list[int]]

    def seal(self, checkpoint: Path) -> None:
        """Says of a checkpoint that it is whole, and of which training it is: its job, its inputs."""
        files = sorted(file for file in checkpoint.rglob("*") if file.is_file() and file.name != SEAL)
        for file in files:
            _flush(file)
        holds = {str(file.relative_to(checkpoint)): file.stat().st_size for file in files}
        seal = {"job": self.job, "made of": self.made_of, "holds": holds}
        partial = checkpoint / f"{SEAL}.partial"
        partial.write_text(json.dumps(seal))
        _flush(partial)
        partial.replace(checkpoint / SEAL)

    def last(self) -> Path | None:
        """The last whole checkpoint of this training, or None; what is of another one is removed."""
        found = sorted(self.folder.glob("checkpoint-*"), key=step_of, reverse=True)
        whole = next(filter(self._is_whole, found), None)
        if whole is None:
            for checkpoint in found:
                shutil.rmtree(checkpoint)
        return whole

    def hold(self) -> None:
        """Waits until no other process trains the same: one that goes on though the snakemake that began it is gone.

        Where the file system has no locks there is taken to be none.
        """
        try:
            while not self._held():
                pass  # the other one has ended, and removed the lock
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP):
                raise

    def remove(self) -> None:
        """Removes them, once the training is done."""
        shutil.rmtree(self.folder, ignore_errors=True)  # on NFS the lock, which is open, stays for a moment

    def _held(self) -> bool:
        """Whether this process has the lock, once nobody else has it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "lock"
        try:
            lock = path.open("w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("waiting for another process that trains the same")
                fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.samestat(os.fstat(lock.fileno()), path.stat()):
                return False
        except FileNotFoundError:
            return False
        _held.append(lock)
        return True

    def _is_whole(self, checkpoint: Path) -> bool:
        try:
            seal = json.loads((checkpoint / SEAL).read_text())
            sizes = {name: (checkpoint / name).stat().st_size for name in seal["holds"]}
        except (FileNotFoundError, ValueError):
            return False
        return (seal["job"], seal["holds"], seal["made of"]) == (self.job, sizes, self.made_of)


def step_of(checkpoint: Path) -> int:
    """How many steps the trainer had made."""
    return int(checkpoint.name.rpartition("-")[2])


def versions(paths: Iterable[Path]) -> dict[str, list[int]]:
    """Size and time of the last change of files, and of those in directories."""
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()]
    return {str(file): [file.stat().st_size, file.stat().st_mtime_ns] for file in files}


def _flush(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
