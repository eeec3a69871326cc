"""dvc.lock as blocks of lines, one for each stage.

DVC itself reads the whole file and writes it anew for each change, in pure Python so that comments stay
(https://github.com/treeverse/dvc/issues/10629). Here only the entries that change are written, in DVC's format.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from dvc.utils.serialize import dumps_yaml

STAGES = "stages:\n"
NAME = re.compile(r"^  (\S.*):\n", re.MULTILINE)  # what is in an entry stands further in


def put(lock_file: Path, entries: Mapping[str, Any], present: Collection[str]) -> None:
    """Writes entries of stages, and takes out those of stages that are not among the present ones."""
    head, before = blocks(lock_file.read_text() if lock_file.exists() else "")
    new = {}
    for name, entry in entries.items():  # one by one: YAML would have one refer to what it shares with another
        first, block = blocks(dumps_yaml({"schema": "2.0", "stages": {name: entry}}))
        head = head or first
        new |= block
    after = {name: block for name, block in (before | new).items() if name in present}
    if after != before:
        partial = lock_file.with_suffix(".lock.partial")
        partial.write_text(head + STAGES + "".join(f"  {name}:\n{block}" for name, block in after.items()))
        partial.replace(lock_file)


def blocks(text: str) -> tuple[str, dict[str, str]]:
    """What stands before the stages, and the lines of each stage below its name."""
    head, _, stages = text.partition(STAGES)
    _, *parts = NAME.split(stages)
    return head, dict(zip(parts[::2], parts[1::2], strict=True))
