"""The code of a job: its script and every module of this repository that it imports. Files are parsed, not run."""

import ast
from pathlib import Path


class Code:
    """The code of one checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._imported: dict[str, list[str]] = {}
        self._dependencies: dict[str, list[str]] = {}

    def of(self, file: str) -> list[str]:
        """The file and all that it imports, directly or through other modules."""
        if file not in self._dependencies:
            seen: set[str] = set()
            todo = [file]
            while todo:
                if (module := todo.pop()) not in seen:
                    seen.add(module)
                    todo += self._imports(module)
            self._dependencies[file] = sorted(seen)
        return self._dependencies[file]

    def of_function(self, function: str) -> list[str]:
        """The modules of this repository that a `module:function` depends on."""
        file = self._module_file(function.partition(":")[0])
        return self.of(str(file.relative_to(self.root))) if file.exists() else []

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
