"""Jobs that a server does, which has imported the libraries: they are the jobs that start by themselves."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import psutil
import pytest

from lib.jobs.warm_start import COLD, PLACE, THREADS, warm_start
from tests.checkout import ROOT, Checkout, wait_for
from tests.small_trainings import TRAININGS, write_inputs

PROBE = '"""Does what its argument says."""\n\nimport sys\n\nexec(sys.argv[1])\n'
STARTED_BY = "import psutil; print(psutil.Process().parent().cmdline())"
SERVER = "scripts.warm_start"
HANGS = """
import os, signal, subprocess
from pathlib import Path
child = subprocess.Popen(["sleep", "1000"])
Path(sys.argv[2] + ".partial").write_text(f"{os.getppid()} {os.getpid()} {child.pid}")
Path(sys.argv[2] + ".partial").rename(sys.argv[2])
signal.pause()
"""
ENDS = {
    "well": "print('done')",
    "with a message": "sys.exit('error: no')",
    "with a status": "print('before'); sys.exit(3)",
    "with no status": "sys.exit()",
    "by a signal": "import os; os.kill(os.getpid(), 9)",
    "by a signal that Python handles": "import os, signal; signal.raise_signal(signal.SIGTERM)",
    "with a warning": "import warnings; warnings.warn('old', FutureWarning); warnings.warn('old', DeprecationWarning)",
    "after what is registered for it": "import atexit; atexit.register(print, 'at last'); print('at first')",
    "after its threads": "import threading; threading.Timer(0.01, print, ['at last']).start(); print('at first')",
}
TELLS = """
import gc, json, os, signal, sklearn.linear_model, tempfile, torch, transformers, trl.trainer.rloo_trainer
told = {name: value for name, value in os.environ.items() if name not in ("PARETOSOUP_WARM_START", "_")}
main = sys.modules["__main__"]
print(json.dumps([told, sys.argv, sys.orig_argv[1:], sys.path, os.getcwd(), tempfile.gettempdir(), sys.stdin.read(),
    main.__spec__.name, main.__name__, gc.isenabled(), torch.get_num_threads(),
    transformers.utils.logging.get_verbosity(), [str(signal.getsignal(n)) for n in (2, 13, 15, 17)],
    sorted(name for name in sys.modules if name.startswith("scripts"))]))
"""


class Jobs:
    """Starts jobs in a checkout, with the environment that they have under Snakemake."""

    def __init__(self, checkout: Checkout, place: str) -> None:
        self.checkout, self.environment = checkout, os.environ | dict.fromkeys(THREADS, "1") | {PLACE: place}

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["python", "-m", *command],
            cwd=self.checkout.root,
            env=self.environment | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command: str, **environment: str) -> tuple[int, str, str]:
        """The status, and what is said on both streams, but that it starts by itself."""
        status, out, err = self.run_and_all_said(*command, **environment)
        return status, out, err.replace(COLD, "")

    def run_and_all_said(self, *command: str, **environment: str) -> tuple[int, str, str]:
        job = self.start(*command, **environment)
        out, err = job.communicate("given")
        return job.returncode, out, err

    def hang(self, told: Path) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
        """A job that does not end by itself; and its server, its process and that of a program that it has started."""
        job = self.start("scripts.probe", HANGS, str(told))
        wait_for(told.exists)
        return job, [psutil.Process(int(number)) for number in told.read_text().split()]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Checkout:
    checkout = Checkout.at(tmp_path_factory.mktemp("warm") / "checkout")
    (checkout.root / "scripts/probe.py").write_text(PROBE)
    (checkout.root / ".venv").symlink_to(sys.prefix)
    return checkout


@pytest.fixture(scope="module")
def jobs(checkout) -> Iterator[Jobs]:
    with pytest.MonkeyPatch.context() as patch, chdir(checkout.root):
        patch.delenv("PYTHONUNBUFFERED", raising=False)  # so that it is seen whether streams are flushed
        patch.setenv("PATH", f"{checkout.root}/.venv/bin:{os.environ['PATH']}")  # another path to this Python
        with warm_start():
            jobs = Jobs(checkout, os.environ[PLACE])
            wait_for(lambda: answers(Path(os.environ[PLACE])))
            yield jobs


def answers(place: Path) -> bool:
    return any(not path.suffix for path in place.iterdir())


def gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def cold(place: Path) -> dict[str, str]:
    """What has a job start by itself: a place where no server is."""
    return {PLACE: str(place)}


def test_the_server_does_what_is_handed_to_it_and_a_job_starts_by_itself_where_there_is_none(jobs, tmp_path):
    _, out, err = jobs.run_and_all_said("scripts.probe", STARTED_BY)
    assert SERVER in out and err == ""
    _, out, err = jobs.run_and_all_said("scripts.probe", STARTED_BY, **cold(tmp_path))
    assert SERVER not in out and err == COLD


@pytest.mark.parametrize(
    "other", [{"OMP_NUM_THREADS": "2"}, {"RANK": "0", "WORLD_SIZE": "2"}, {"TRANSFORMERS_VERBOSITY": "info"}], ids=str
)
def test_a_job_whose_imports_would_differ_starts_by_itself(jobs, other):
    assert SERVER not in jobs.run("scripts.probe", STARTED_BY, **other)[1]


@pytest.mark.parametrize("end", ENDS)
def test_a_job_ends_in_the_same_way(jobs, tmp_path, end):
    warm, alone = (jobs.run("scripts.probe", ENDS[end], **place) for place in ({}, cold(tmp_path)))
    assert warm == alone


def test_an_exception_keeps_its_traceback(jobs):
    status, _, err = jobs.run("scripts.probe", "raise KeyError('a fault')")
    assert status == 1
    assert err.startswith("Traceback")
    assert err.endswith("KeyError: 'a fault'\n")


def test_a_job_finds_the_same_process(jobs, tmp_path):
    warm, alone = (jobs.run("scripts.probe", TELLS, "x", TMPDIR="/", **place) for place in ({}, cold(tmp_path)))
    assert warm[0] == 0, warm[2]
    for one, other in zip(json.loads(warm[1]), json.loads(alone[1]), strict=True):
        assert one == other


def test_two_jobs_that_set_no_seed_draw_differently(jobs):
    code = "import numpy, random, torch; print(random.random(), numpy.random.rand(), torch.rand(1).item())"
    first, second = (jobs.run("scripts.probe", code)[1].split() for _ in range(2))
    assert len({*first, *second}) == 6


@pytest.mark.parametrize("name", ["sft", "rloo"])
def test_a_training_makes_the_same_bytes(jobs, tmp_path, llama, tokenizer, name):
    write_inputs(tmp_path, llama, tokenizer)
    made = {"warm": {}, "alone": cold(tmp_path)}
    for folder, place in made.items():
        (tmp_path / folder).mkdir()
        status, _, err = jobs.run(*TRAININGS[name].command(tmp_path, tmp_path / folder, None), **place)
        assert status == 0, err
    first, second = (
        {path.relative_to(tmp_path / folder): path.read_bytes() for path in (tmp_path / folder).rglob("*.*")}
        for folder in made
    )
    assert first and first == second


def test_an_edit_between_two_jobs_counts(jobs):
    module = jobs.checkout.root / "lib/edited.py"
    for value in ("before", "and after"):
        module.write_text(f"VALUE = {value!r}\n")
        assert value in jobs.run("scripts.probe", f"{STARTED_BY}; from lib.edited import VALUE; print(VALUE)")[1]


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_what_is_killed_takes_its_job_along(jobs, tmp_path, by):
    job, [server, *processes] = jobs.hang(tmp_path / "told")
    job.send_signal(by)
    assert job.wait() == -by
    wait_for(lambda: all(map(gone, processes)))
    assert server.is_running()
    assert SERVER in jobs.run("scripts.probe", STARTED_BY)[1]


@pytest.mark.parametrize("killed", ["owner", "server"])
def test_nothing_outlives_the_owner_or_the_server(checkout, tmp_path, killed):
    code = "import os, sys\nfrom lib.jobs.warm_start import PLACE, warm_start\n"
    code += "with warm_start():\n    print(os.environ[PLACE], flush=True)\n    sys.stdin.read()"
    command = [sys.executable, "-c", code]
    environment = dict(os.environ)  # by default it would have what libraries have set for themselves, too
    given = {"cwd": checkout.root, "env": environment, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **given, text=True) as owner:
        jobs = Jobs(checkout, place := owner.stdout.readline().strip())
        wait_for(lambda: answers(Path(place)))
        job, processes = jobs.hang(tmp_path / "told")
        {"owner": owner, "server": processes[0]}[killed].kill()
        if killed == "server":  # as of any process that is killed, what its jobs have started goes on
            processes.pop().kill()
        assert "this job was killed together with" in job.communicate()[1]
        assert job.returncode == 1
        wait_for(lambda: all(map(gone, processes)))
        assert SERVER not in jobs.run("scripts.probe", STARTED_BY)[1]
    assert not Path(place).exists()


def test_the_libraries_are_imported_without_a_thread_or_a_gpu():
    """Neither goes through a fork."""
    code = "import importlib, os, sys, torch\nfrom scripts.warm_start import LIBRARIES\n"
    code += "torch.cuda.is_available = torch.cuda.device_count = torch.cuda.init = lambda: sys.exit('a GPU')\n"
    code += "for name in LIBRARIES:\n    importlib.import_module(name)\n"
    code += "print([open(f'/proc/self/task/{task}/comm').read() for task in os.listdir('/proc/self/task')])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | dict.fromkeys(THREADS, "1"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    threads = json.loads(done.stdout.replace("'", '"'))
    assert [name for name in threads if "jemalloc" not in name] == threads[:1]  # Arrow's allocator ends its own


def test_a_run_hands_its_jobs_over_and_its_server_ends_with_it(copy_of_finished, finished):
    """The page is the last of a dozen jobs, so that the server is ready by then."""
    package = copy_of_finished.root / "scripts/__init__.py"
    package.write_text(f"{package.read_text()}\n{STARTED_BY}; print(psutil.Process().parent().pid, flush=True)\n")
    copy_of_finished.snakemake("--forcerun", "evaluate", cores=1)
    command, number = (copy_of_finished.root / "results/smoke/logs/page.log").read_text().splitlines()[:2]
    assert SERVER in command
    assert not psutil.pid_exists(int(number))
    assert copy_of_finished.files() == finished.files()
