"""Code that differs in comments, docstrings and layout only: what a job made with the old is what the new makes."""

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from lib.graph import history
from lib.graph.changes import Change

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def same_meaning(one: bytes, other: bytes) -> bool:
    """Whether two modules have the same syntax tree, docstrings aside."""
    return ast.dump(without_docstrings(one)) == ast.dump(without_docstrings(other))


def without_docstrings(text: bytes) -> ast.Module:
    """The syntax tree of a module, which has no comments either."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return tree


def obstacles(changes: Mapping[str, list[Change]]) -> dict[str, list[str]]:
    """For each stage, by name, what of its changes stands against recording it anew without running it."""
    judge = cache(against)  # many stages have a module in common

    def of(change: Change) -> str | None:
        return judge(change.what, change.recorded) if change.is_code and change.recorded else str(change)

    return {stage: [words for words in map(of, found) if words] for stage, found in changes.items()}


def against(path: str, digest: str) -> str | None:
    """What stands against taking a module for what it was when it had this MD5."""
    before = history.text_of(path, digest)
    if before is None:
        return f"{path} has changed, and is in no commit as it was"
    if same_meaning(before, Path(path).read_bytes()):
        return None
    return f"{path} has changed in more than comments, docstrings and layout"
