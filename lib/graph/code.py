"""What a job's code is: its script, and every module of this repository that it imports. Files are read, not run."""

import ast
import importlib.util
from pathlib import Path


class Code:
    """The code of one checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._imported: dict[str, list[str]] = {}
        self._found: dict[str, list[str]] = {}

    def of(self, file: str) -> list[str]:
        """The file and all that it imports, directly or not."""
        if file not in self._found:
            seen: set[str] = set()
            todo = [file]
            while todo:
                if (one := todo.pop()) not in seen:
                    seen.add(one)
                    todo += self._imports(one)
            self._found[file] = sorted(seen)
        return self._found[file]

    def of_function(self, function: str) -> list[str]:
        """The modules of this repository that a `module:function` comes from."""
        file = self._module_file(function.partition(":")[0])
        return self.of(str(file.relative_to(self.root))) if file.exists() else []

    def defines(self, function: str) -> bool:
        """Whether a `module:function` is there, as far as can be told without running it."""
        module, _, name = function.partition(":")
        file = self._module_file(module)
        if file.exists():
            return any(getattr(node, "name", None) == name for node in ast.parse(file.read_text()).body)
        try:
            return importlib.util.find_spec(module) is not None
        except ModuleNotFoundError:
            return False

    def _imports(self, file: str) -> list[str]:
        """The modules of this repository that a file imports, at its top or in a function."""
        if file not in self._imported:
            names = []
            for node in ast.walk(ast.parse((self.root / file).read_text())):
                if isinstance(node, ast.Import):
                    names += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            files = [module for module in map(self._module_file, names) if module.exists()]
            self._imported[file] = [str(module.relative_to(self.root)) for module in files]
        return self._imported[file]

    def _module_file(self, name: str) -> Path:
        return self.root.joinpath(*name.split(".")).with_suffix(".py")
