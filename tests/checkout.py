"""A copy of the repository in which a test can run snakemake and dvc, and edit what it likes."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil
import yaml

from lib.papers.register import PAPERS

ROOT = Path(__file__).parent.parent
JOBS = 66  # of the smoke experiment
SMOKED = [paper for paper in PAPERS if paper in yaml.safe_load((ROOT / "params.yaml").read_text())]  # its papers
HUNG = 1800  # seconds: no machine takes so long for what a test waits for
LENGTH = float(os.environ.get("PARETOSOUP_TEST_LENGTH", 1))
TRAININGS = [(section, "steps") for section in ("policy", "warp", "reward_ensembles")]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".snakemake", "results", "experiments", "cache", "tmp", "__pycache__", ".*_cache"
)


class Checkout:
    """A copy of the repository at `root`, with the smoke experiment as its params.yaml and no other experiment."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def at(cls, root: Path) -> "Checkout":
        shutil.copytree(ROOT, root, ignore=LEFT_OUT)
        params = yaml.safe_load((root / "params.yaml").read_text())
        lay_over(params, yaml.safe_load((root / "tests/params.smoke.yaml").read_text()))
        for section, key in TRAININGS:
            params[section][key] = steps(params[section][key])
        (root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
        return cls(root)

    def clone(self, root: Path) -> "Checkout":
        """What a colleague has after `git clone`."""
        subprocess.run(["git", "clone", "--quiet", self.root, root], check=True)
        return Checkout(root)

    def copy(self, root: Path) -> "Checkout":
        """The same with results and all."""
        shutil.copytree(self.root, root, symlinks=True)
        return Checkout(root)

    def environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT / "tests/held")}

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command: str, fails: bool = False) -> str:
        """What a command says; it has to fail or not as is told."""
        process = self.start(*command)
        output, _ = process.communicate(timeout=HUNG)
        assert (process.returncode != 0) == fails, output
        return output

    def command(self, *arguments: str, cores: int = 2) -> list[str]:
        return ["snakemake", "--cores", str(cores), *arguments]

    def snakemake(self, *arguments: str, cores: int = 2, fails: bool = False) -> str:
        return self.run(*self.command(*arguments, cores=cores), fails=fails)

    def dvc(self, *arguments: str, fails: bool = False) -> str:
        return self.run("dvc", *arguments, fails=fails)

    def dvc_graph(self, *arguments: str, fails: bool = False) -> str:
        return self.run("python", "-m", "scripts.dvc_graph", *arguments, fails=fails)

    def commit(self) -> None:
        """Everything that git does not ignore."""
        author = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        self.run("git", "add", "--all")
        self.run("git", *author, "commit", "--quiet", "--allow-empty", "--message", "test")

    def would_make(self, *arguments: str) -> dict[str, set[str]]:
        """The rules that a dry run names, without `all`, and what they would make."""
        rule = re.compile(r"^(?:local)?rule (\w+):\n(?: {4}input: .*\n)? {4}output: (.*)$", re.MULTILINE)
        made: dict[str, set[str]] = {}
        for name, outputs in rule.findall(self.snakemake("-n", *arguments)):
            made.setdefault(name, set()).update(outputs.split(", "))
        return made

    def stale(self) -> set[str]:
        """The outputs of the stages that `dvc status` calls changed, and of what depends on them."""
        return self.outputs_after(json.loads(self.dvc("status", "--json")))

    def outputs_after(self, changed: Iterable[str]) -> set[str]:
        """The outputs of some stages of dvc.yaml, and of what depends on them."""
        stages = yaml.safe_load((self.root / "dvc.yaml").read_text())["stages"]
        outputs = {output for name in changed for output in stages[name]["outs"]}
        while True:
            more = {output for stage in stages.values() if outputs & set(stage["deps"]) for output in stage["outs"]}
            if more <= outputs:
                return outputs
            outputs |= more

    def edit_params(self, changes: dict[str, object], file: str | Path = "params.yaml") -> None:
        """Sets dotted keys of a file of parameters; the value None takes a key out."""
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

    def edit_code(self, file: str) -> None:
        """Adds a line to a file that changes nothing."""
        path = self.root / file
        path.write_text(path.read_text() + "\n\n# edited\n")

    def hold(self, script: str, after: int = 1) -> None:
        """Has the first job of this script that is started here wait when its trainer has made so many steps."""
        self._held(script).parent.mkdir(exist_ok=True)
        self._held(script).write_text(str(after))

    def held(self, script: str) -> psutil.Process:
        """The process of the job that is held, once it waits."""
        waits = self._held(script).with_suffix(".waits")
        wait_for(waits.exists)
        return psutil.Process(int(waits.read_text()))

    def go_on(self, script: str) -> None:
        """Lets the job that is held go on."""
        self._held(script).unlink()

    def _held(self, script: str) -> Path:
        return self.root.with_name(f"{self.root.name}.held") / f"{script}.steps"

    def complete_log(self) -> str:
        """All that the last snakemake said."""
        return max((self.root / ".snakemake/log").iterdir(), key=lambda file: file.stat().st_mtime).read_text()

    def files(self) -> dict[str, bytes]:
        """The content of every result, by path."""
        folder = self.root / "results" / "smoke"
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
            and path.name not in (".snakemake_timestamp", "sizes.json")
            and path.relative_to(folder).parts[0] != "logs"
        }


def steps(number: int) -> int:
    """How many steps a training of this many has here; a job is held between two of them.

    The environment's PARETOSOUP_TEST_LENGTH makes trainings shorter or longer, 0.1 or 5 times. So one machine shows
    that what is interrupted in the tests marked `faults` does not depend on how fast a machine is.
    """
    return max(2, round(number * LENGTH))


def wait_for(condition: Callable[[], object]) -> None:
    """Returns when the condition is met."""
    deadline = time.monotonic() + HUNG
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"what was waited for has not come in {HUNG} s")
        time.sleep(0.1)


def lay_over(params: dict[str, Any], others: dict[str, Any]) -> None:
    """Puts the leaves of others into params, as Snakemake does with a second --configfile."""
    for key, value in others.items():
        if isinstance(value, dict) and isinstance(params.get(key), dict):
            lay_over(params[key], value)
        else:
            params[key] = value
