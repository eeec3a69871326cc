import json
import subprocess
import sys
from pathlib import Path

import pytest

from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from tests.checkout import ROOT


def job(source: Path, copy: Output, *, act: str) -> None:
    """Copies a file, or has an accident half-way."""
    copy.write_text(source.read_text()[:3])
    if act == "value":
        raise ValueError("data.source: is\nwrong")
    if act == "fault":
        raise KeyError("a fault of the program")
    if act == "memory":
        import torch

        torch.empty(10**15)
    if act == "disk":
        Path("/dev/full").write_text("x" * 10**6)
    if act == "model":
        import torch
        from safetensors.torch import save_file

        save_file({"w": torch.zeros(10**6)}, copy)
        return
    copy.write_text(source.read_text())


@pytest.fixture
def started(tmp_path):
    (tmp_path / "source").write_text("content")

    def start(settings):
        arguments = ["--source", tmp_path / "source", "--copy", tmp_path / "copy", "--settings", json.dumps(settings)]
        return subprocess.run(
            [sys.executable, "-m", "tests.test_command_line", *arguments], cwd=ROOT, capture_output=True, text=True
        )

    return start


def test_outputs_are_moved_into_place_when_the_work_is_done(started, tmp_path):
    (tmp_path / "copy.partial").write_text("left by a job that was killed")
    done = started({"some.act": "copy"})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "copy").read_text() == "content"
    assert not (tmp_path / "copy.partial").exists()


@pytest.mark.parametrize(
    ("act", "line"),
    [
        ("value", "error: data.source: is wrong"),
        ("memory", "error: not enough memory"),
        ("disk", "error: the disk is full"),
    ],
)
def test_an_accident_ends_in_one_line_and_nothing_bears_the_outputs_name(started, tmp_path, act, line):
    done = started({"act": act})
    assert done.returncode == 1
    assert done.stderr.startswith(line)
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "copy").exists()


def test_a_full_disk_under_a_model_is_told(started, tmp_path):
    """On a disk of one megabyte, which only root can make."""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        (tmp_path / "source").write_text("content")
        done = started({"act": "model"})
        assert not (tmp_path / "copy").exists()
    finally:
        subprocess.run(["umount", tmp_path], check=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: the disk is full")


def test_a_fault_of_the_program_keeps_its_traceback(started):
    done = started({"act": "fault"})
    assert done.returncode != 0
    assert "Traceback" in done.stderr


@pytest.mark.parametrize("settings", [{}, {"act": "copy", "more": 1}])
def test_settings_that_do_not_fit_are_refused(started, settings):
    done = started(settings)
    assert done.returncode == 2
    assert "--settings must have the keys ['act']" in done.stderr


def test_every_script_says_what_it_is(tmp_path):
    done = subprocess.run([sys.executable, "-m", "scripts.fetch", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith("usage: python -m scripts.fetch")
    assert "Fetch an archive" in done.stdout
    assert "--archive" in done.stdout


if __name__ == "__main__":
    run(job)
