"""A copy of the repository in which a test can run snakemake and edit what it likes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".snakemake", "results", "__pycache__", ".*_cache")
SMOKE = "tests/params.smoke.yaml"


class Checkout:
    """A copy of the repository at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def at(cls, root: Path) -> "Checkout":
        shutil.copytree(ROOT, root, ignore=LEFT_OUT)
        return cls(root)

    def command(self, *arguments: str, cores: int = 2) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--cores", str(cores), "--configfile", SMOKE, *arguments]

    def environment(self) -> dict[str, str]:
        return os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def snakemake(self, *arguments: str, cores: int = 2) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments, cores=cores),
            cwd=self.root,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=600,
        )

    def would_run(self, *arguments: str) -> set[str]:
        """The rules that a dry run names, without `all`."""
        done = self.snakemake("-n", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return set(re.findall(r"^(?:local)?rule (\w+):", done.stdout + done.stderr, re.MULTILINE)) - {"all"}

    def edit_params(self, changes: dict[str, object], file: str = SMOKE) -> None:
        """Sets dotted keys of a parameter file; the value None takes a key out."""
        path = self.root / file
        params = yaml.safe_load(path.read_text())
        for key, value in changes.items():
            *parents, last = key.split(".")
            section = params
            for parent in parents:
                section = section.setdefault(parent, {})
            if value is None:
                del section[last]
            else:
                section[last] = value
        path.write_text(yaml.safe_dump(params, sort_keys=False))

    def files(self) -> dict[str, bytes]:
        """The content of every result, by path."""
        folder = self.root / "results" / "smoke"
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
            and path.name != ".snakemake_timestamp"
            and path.relative_to(folder).parts[0] not in ("logs", "benchmarks")
        }
