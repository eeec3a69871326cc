"""What Snakemake makes and reads, told to DVC while it does."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from dvc.fs import localfs
from dvc.lock import LockError
from dvc.rwlock import rwlock


@contextlib.contextmanager
def in_use(user: str, made: Iterable[str], read: Iterable[str]) -> Iterator[None]:
    """Meanwhile `dvc repro` removes none of these paths and reads none of the first: it says who uses them.

    Raises dvc.lock.LockError where a DVC command uses one of them.
    """
    folder = Path(".dvc/tmp").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    absolute = [[str(Path(path).absolute()) for path in paths] for paths in (read, made)]
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(rwlock(str(folder), localfs, user, *absolute, hardlink=False))
        except LockError as error:  # DVC repeats itself for each of many paths
            raise LockError("\n".join(dict.fromkeys(str(error).splitlines()))) from None
        yield
