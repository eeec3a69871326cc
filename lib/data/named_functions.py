"""Mistakes in what the parameters say of a Python function, `module:function` with arguments.

Files are parsed, not run, which tells syntax, packages that are not installed, names and parameters at once.
"""

import ast
import importlib.util
import inspect
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

Problems = Iterator[tuple[str, str]]


def function_problems(key: str, spec: Mapping[str, Any], positional: tuple[str, ...], root: Path) -> Problems:
    """Mistakes in an entry with `function` and `arguments`. key: of the entry. root: the checkout.

    positional: the names of what the function will be called with beside the arguments. Of a module outside the
    checkout only the module is looked for.
    """
    module, _, name = spec["function"].partition(":")
    file = root.joinpath(*module.split(".")).with_suffix(".py")
    if not file.exists():
        if not is_installed(module):
            yield f"{key}.function", f"there is no module {module}: {file.relative_to(root)} is not there"
        return
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        yield f"{key}.function", f"{module} cannot be imported: {words_for(error, file.relative_to(root))}"
        return
    if absent := [other for other in imports(tree) if not is_here(other, root)]:
        yield f"{key}.function", f"{file.relative_to(root)} imports {absent[0]}, which is not installed"
    found = names(tree)
    if name not in found:
        meant = get_close_matches(name, found, n=1) or sorted(other for other in found if found[other] is not None)
        yield f"{key}.function", f"{file.relative_to(root)} has no {name}; it has {', '.join(meant) or 'no function'}"
    elif found[name] is not None and (mismatch := misfit(found[name], positional, spec.get("arguments", {}))):
        wanted = ", ".join(argument.arg for argument in parameters(found[name]))
        yield f"{key}.arguments", f"they do not fit {spec['function']}({wanted}): {mismatch}"


def is_installed(module: str) -> bool:
    """Whether Python finds a module."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):
        return False


def is_here(package: str, root: Path) -> bool:
    """Whether a package or module is in the checkout or installed."""
    return (root / package).is_dir() or (root / f"{package}.py").exists() or is_installed(package)


def words_for(error: Exception, file: Path) -> str:
    """Why a file cannot be parsed, with its line where that is known."""
    if isinstance(error, SyntaxError):
        return f"{file}, line {error.lineno}: {error.msg}: {(error.text or '').strip()}"
    return f"{file} is not UTF-8 ({error})"


def imports(tree: ast.Module) -> list[str]:
    """The packages that a module imports where it begins, apart from what it imports in functions and in `try`."""
    found = []
    for node in tree.body:
        if isinstance(node, ast.Import):
            found += [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module.partition(".")[0])
    return found


def names(tree: ast.Module) -> dict[str, ast.FunctionDef | None]:
    """What a module binds at its top: a function as it stands there, None for anything else."""
    found: dict[str, ast.FunctionDef | None] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            plain = isinstance(node, ast.FunctionDef) and not node.decorator_list
            found[node.name] = node if plain else None
        elif isinstance(node, ast.ImportFrom | ast.Import):
            found |= {alias.asname or alias.name: None for alias in node.names}
        else:  # assignments, and whatever is in `if` and `try`
            stored = [inner for inner in ast.walk(node) if isinstance(inner, ast.Name | ast.FunctionDef)]
            found |= {inner.id if isinstance(inner, ast.Name) else inner.name: None for inner in stored}
    return found


def parameters(function: ast.FunctionDef) -> list[ast.arg]:
    """The parameters that have names of their own."""
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def misfit(function: ast.FunctionDef, positional: tuple[str, ...], arguments: Mapping[str, Any]) -> str | None:
    """What is wrong with calling the function with these positions and arguments, in Python's words."""
    kinds, given = inspect.Parameter, function.args
    places = [*given.posonlyargs, *given.args]
    defaults = [inspect.Parameter.empty] * (len(places) - len(given.defaults)) + [None] * len(given.defaults)
    kind = [kinds.POSITIONAL_ONLY] * len(given.posonlyargs) + [kinds.POSITIONAL_OR_KEYWORD] * len(given.args)
    found = [kinds(place.arg, of, default=default) for place, of, default in zip(places, kind, defaults)]
    if given.vararg:
        found.append(kinds(given.vararg.arg, kinds.VAR_POSITIONAL))
    for place, default in zip(given.kwonlyargs, given.kw_defaults):
        value = inspect.Parameter.empty if default is None else None
        found.append(kinds(place.arg, kinds.KEYWORD_ONLY, default=value))
    if given.kwarg:
        found.append(kinds(given.kwarg.arg, kinds.VAR_KEYWORD))
    try:
        inspect.Signature(found).bind(*positional, **arguments)
    except TypeError as error:
        return str(error)
    return None
