"""Time Snakemake and DVC when there is nothing to do, and seal and adopt.

Without arguments it runs on a copy of this checkout, whose experiment has to be finished (`make`); with `--jobs N`, on
a generated graph of N small jobs.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parent.parent
CODE = ["scripts/base.py", "scripts/sft.py", "scripts/policy.py", "scripts/evaluate.py", "scripts/warp_figures.py"]
LEVELS = len(CODE)  # a job of each level depends on the code of a real one
SNAKEFILE = """
import json
import sys
from pathlib import Path

sys.path.insert(0, workflow.basedir)
from lib.graph.experiment import Experiment
from lib.graph.extends import resolve

configfile: "params.yaml"

resolved = resolve(config, Path(workflow.basedir), workflow.configfiles, [])
experiment = Experiment(config, Path(workflow.basedir), workflow.configfiles, resolved.origins)
CODE = {code}
PLOTS = {{}}
LAST = {last}

rule all:
    default_target: True
    input: expand("results/generated/{{level}}/{{place}}", level=LAST, place=range({width}))

rule job:
    input:
        lambda job: experiment.code.of(CODE[int(job.level)]),
        lambda job: [] if job.level == "0" else f"results/generated/{{int(job.level) - 1}}/{{job.place}}",
    output: directory("results/generated/{{level}}/{{place}}")
    params: settings=experiment.settings("section.key")
    shell: "mkdir {{output}} && echo {{params.settings:q}} {{wildcards}} > {{output}}/weights"
"""


def generate(root: Path, jobs: int) -> None:
    """A project of `jobs` jobs, in chains of LEVELS, that has what scripts/dvc_graph.py needs."""
    for name in ("lib", "scripts", ".dvc/config", ".dvc/.gitignore", ".dvcignore", ".gitignore"):
        source, target = ROOT / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    (root / "Snakefile").write_text(SNAKEFILE.format(code=CODE, last=LEVELS - 1, width=jobs // LEVELS))
    (root / "params.yaml").write_text("experiment: generated\nsection: {key: 1}\n")


def copy_checkout(root: Path) -> None:
    """A copy of this checkout with its results, without DVC's records of them."""
    left_out = shutil.ignore_patterns(".git", ".venv", "cache", "tmp", "dvc.lock", "__pycache__", ".*_cache")
    shutil.copytree(ROOT, root, symlinks=True, ignore=left_out)


def seconds(root: Path, *command: str, expected: str = "") -> float:
    """How long a command takes. It has to succeed and to print what is expected."""
    started = time.perf_counter()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(command, cwd=root, env=os.environ | {"PATH": path}, capture_output=True, text=True)
    elapsed = time.perf_counter() - started
    output = done.stdout + done.stderr
    if done.returncode or expected not in output:
        sys.exit(f"{' '.join(command)} in {root}:\n{output}")
    return elapsed


def measure(root: Path, colleague: Path, remote: Path) -> dict[str, float]:
    """Seconds of each command, on a finished experiment."""
    graph = ("python", "-m", "scripts.dvc_graph")
    git = ("git", "-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org")
    seconds(root, "git", "init", "--quiet")
    times = {
        "snakemake, nothing to do": seconds(root, "snakemake", "--cores", "2", expected="Nothing to be done"),
        "write dvc.yaml": seconds(root, *graph, "write"),
        "seal, all jobs": seconds(root, *graph, "seal", expected=" 0 as they were"),
        "seal, no job": seconds(root, *graph, "seal", expected="0 recorded"),
        "dvc status, nothing to do": seconds(root, "dvc", "status", expected="up to date"),
        "dvc repro, nothing to do": seconds(root, "dvc", "repro", expected="up to date"),
    }
    seconds(root, "dvc", "remote", "add", "--default", "share", str(remote))
    seconds(root, "git", "add", "--all")
    seconds(root, *git, "commit", "--quiet", "--message", "benchmark")
    times["dvc push --run-cache, to a directory"] = seconds(root, "dvc", "push", "--run-cache")
    seconds(root, "git", "clone", "--quiet", str(root), str(colleague))
    times["dvc pull, from a directory"] = seconds(colleague, "dvc", "pull")
    times["adopt"] = seconds(colleague, *graph, "adopt", expected=" 0 stale")
    seconds(colleague, "snakemake", "--cores", "2", expected="Nothing to be done")
    return times


def main() -> None:
    """Prints the times as a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, help=f"of the generated graph, a multiple of {LEVELS}")
    jobs = parser.parse_args().jobs
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "repository")
        if jobs:
            generate(root, jobs)
            print(f"running {jobs} jobs: {seconds(root, 'snakemake', '--cores', '2'):.1f} s")
        else:
            copy_checkout(root)
        times = measure(root, Path(folder, "colleague"), Path(folder, "remote"))
    print(pd.Series(times, name="seconds").round(1).to_markdown())


if __name__ == "__main__":
    main()
