"""Files whose content is not what DVC recorded."""

from pathlib import Path

from dvc.fs import localfs
from dvc.output import Output
from dvc_data.hashfile.db import HashFileDB
from dvc_data.hashfile.hash import file_md5


def contents(out: Output) -> list[tuple[str, str]]:
    """The files of an output and their hashes by dvc.lock; nothing for a directory whose list the cache has not."""
    if not out.hash_info:
        return []
    if not out.is_dir_checksum:
        return [(str(out), out.hash_info.value)]
    return [(str(Path(str(out), *key)), found.value) for key, _, found in out.get_obj() or []]


def differing(path: str, expected: str, cache: HashFileDB) -> list[str]:
    """One line about a file that is not what it was recorded as; nothing about others."""
    if not Path(path).exists():
        return [f"{path} is missing: `dvc checkout` brings it back"]
    if file_md5(path, localfs) == expected:
        return []
    stored = Path(cache.oid_to_path(expected))
    if stored.exists() and file_md5(str(stored), localfs) != expected:
        return [f"{path} and its object in the cache: remove it and {stored}, then `dvc pull`"]
    return [f"{path} is not what dvc.lock says: remove it, then `dvc checkout`"]
