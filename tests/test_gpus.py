import subprocess
import sys

import pytest

from lib.machine.gpus import gpus_here
from tests.checkout import ROOT


def test_gpus_that_are_there_and_not_hidden(tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpus_here(tmp_path) == []
    for name in ("nvidia0", "nvidia1", "nvidia2", "nvidiactl"):
        (tmp_path / name).touch()
    assert gpus_here(tmp_path) == ["0", "1", "2"]
    for shown, names in (("0,2", ["0", "2"]), ("", []), ("-1", []), ("0,1,2,3", ["0", "1", "2"]), ("GPU-a", ["GPU-a"])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
        assert gpus_here(tmp_path) == names


@pytest.fixture
def taking(tmp_path):
    """Starts a process that takes one of some GPUs, says which it sees, and keeps it until it is killed."""
    started = []

    def start(gpus):
        code = "import os, sys; from pathlib import Path; from lib.machine.gpus import take_gpu; "
        code += f"take_gpu({gpus}, Path({str(tmp_path / 'locks')!r})); "
        code += "print(os.environ.get('CUDA_VISIBLE_DEVICES', 'all'), flush=True); sys.stdin.read()"
        process = subprocess.Popen(
            [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_each_job_takes_a_gpu_of_its_own_and_gives_it_back_however_it_ends(taking, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (_, first), (second, seen), (_, third) = (taking(["0", "2"]) for _ in range(3))
    assert (first, seen, third) == ("0", "2", "all")
    second.kill()
    second.wait()
    assert taking(["0", "2"])[1] == "2"
    assert taking(["5"])[1] == "all"
