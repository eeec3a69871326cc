"""The GPUs of this machine, and which of them a process takes."""

import fcntl
import os
import tempfile
from pathlib import Path

_taken = []  # locks, which end with the process, however that ends


def gpus_here(devices: Path = Path("/dev")) -> list[str]:
    """The names by which CUDA knows the GPUs of this machine, less those that CUDA_VISIBLE_DEVICES hides."""
    there = [str(i) for i in range(len(list(devices.glob("nvidia[0-9]*"))))]
    if "CUDA_VISIBLE_DEVICES" not in os.environ:
        return there
    shown = [name for name in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if name not in ("", "-1")]
    return shown[: len(there)]


def take_gpu(gpus: list[str], locks: Path | None = None) -> None:
    """Of several GPUs leaves one to be seen that no other process of this user has taken: before CUDA is asked for any.

    Snakemake starts no more jobs than there are GPUs, and does not say which is whose. locks: a directory of this
    user's. Where all are taken, all are left to be seen.
    """
    if len(gpus) < 2:
        return
    locks = locks or Path(tempfile.gettempdir(), f"gpus-of-{os.getuid()}")
    locks.mkdir(mode=0o700, exist_ok=True)
    for gpu in gpus:
        lock = (locks / gpu).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
        else:
            _taken.append(lock)
            os.environ["CUDA_VISIBLE_DEVICES"] = gpu
            return
