"""The start of jobs, side by side: by themselves, and by the server of a run (lib/jobs/warm_start.py).

    python -m benchmarks.job_start

Two jobs do next to nothing after their imports: one that imports most and one that imports least of all jobs. The third
is a whole training of 12 steps of a tiny model. Each runs in both ways by turns; numbers are the median of five.
"""

import os
import subprocess
import tempfile
import time
from pathlib import Path

import pandas as pd

from lib.jobs.warm_start import PLACE, THREADS, warm_start
from lib.models.language_models import new_llama, train_tokenizer
from tests.small_trainings import TEXTS, TRAININGS, write_inputs

ROUNDS = 5


def jobs(folder: Path) -> dict[str, list[str]]:
    """Commands by name. folder: for what the training reads and makes."""
    tokens = train_tokenizer(TEXTS, 280)
    write_inputs(folder, new_llama(tokens, hidden_size=16, layers=2, heads=2, context=32, seed=0), tokens)
    return {
        "policy --help": ["scripts.policy", "--help"],
        "fetch --help": ["scripts.fetch", "--help"],
        "a training": TRAININGS["rloo"].command(folder, folder / "made", None),
    }


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """How long a job takes, which has to succeed."""
    started = time.perf_counter()
    subprocess.run(["python", "-m", *command], env=environment, check=True, capture_output=True)
    return time.perf_counter() - started


def measured(commands: dict[str, list[str]]) -> pd.DataFrame:
    """Median seconds of each job in both ways, and how many times as long it takes alone."""
    with_server = os.environ | dict.fromkeys(THREADS, "1")
    ways = {
        "alone": {name: value for name, value in with_server.items() if name != PLACE},
        "by the server": with_server,
    }
    took = {
        job: [{way: seconds(command, environment) for way, environment in ways.items()} for _ in range(ROUNDS)]
        for job, command in commands.items()
    }
    table = pd.DataFrame({job: pd.DataFrame(rounds).median() for job, rounds in took.items()}).T
    return table.assign(ratio=table["alone"] / table["by the server"])


def main() -> None:
    """Prints how long the server takes to be ready, and the table."""
    with tempfile.TemporaryDirectory() as folder, warm_start():
        started = time.perf_counter()
        commands = jobs(Path(folder))
        while not any(not path.suffix for path in Path(os.environ[PLACE]).iterdir()):
            time.sleep(0.01)
        print(f"the server is ready after {time.perf_counter() - started:.1f} s\n")
        print(measured(commands).round(2).to_markdown())


if __name__ == "__main__":
    main()
