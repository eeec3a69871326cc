"""DVC reads a file anew for each stage that takes it, and many stages take the same code and the same parameters."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from typing import Any

from dvc.dependency import param
from dvc.fs import FileSystem
from dvc.output import Output


@contextmanager
def each_file_once() -> Iterator[None]:
    """Meanwhile DVC compares a file as it was when it was first asked for.

    What is saved is read again all the same. This is https://github.com/treeverse/dvc/issues/10604 for the one version
    in requirements.lock.
    """
    load, get_hash_meta = param.load_path, Output._get_hash_meta
    loaded, found = cache(load), dict[str, Any]()

    def of_output(entry: Output) -> Any:
        if entry.fs_path not in found:
            found[entry.fs_path] = get_hash_meta(entry)
        return found[entry.fs_path]

    def of_file(path: str, fs: FileSystem) -> Any:
        return deepcopy(loaded(path, fs))  # or stages share a section, and dvc.lock would have it as a YAML alias

    param.load_path, Output._get_hash_meta = of_file, of_output
    try:
        yield
    finally:
        param.load_path, Output._get_hash_meta = load, get_hash_meta
