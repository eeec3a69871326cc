"""The whole graph on a real Slurm, and through what happens on a cluster."""

import shutil

import pytest
from filelock import FileLock

from tests.checkout import Checkout, wait_for
from tests.single_node_slurm import Slurm, run, why_not

QUICK = ["--jobs=4", "--slurm-init-seconds-before-status-checks=1", "--seconds-between-status-checks=2"]


@pytest.fixture
def slurm(tmp_path_factory):
    """One at a time on this machine."""
    reason = why_not()
    if reason is not None:
        pytest.skip(f"no Slurm: {reason}")
    with FileLock("/run/lock/paretosoup-slurm.lock"), Slurm(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


def test_results_are_those_of_one_machine_whatever_happens_to_jobs(slurm, sealed, tmp_path):
    """A job is cancelled and made again; the controller goes away and comes back, while jobs run."""
    checkout = Checkout.at(tmp_path / "repository")
    command = ["timeout", "--kill-after=5", "1500", "snakemake", "--profile", "profiles/slurm", *QUICK]
    process = checkout.start(*command)
    cancelled = slurm.wait_for_job("reward")
    run("scancel", cancelled)
    slurm.wait_for_job("policy")
    slurm.restart_controller()
    output, _ = process.communicate(timeout=1600)
    assert process.returncode == 0, output
    assert f"SLURM jobid {cancelled}" in output and "Trying to restart job" in output
    checkout.run("git", "init", "--quiet")
    (checkout.root / "dvc.lock").unlink()
    checkout.dvc_graph("seal")
    assert (checkout.root / "dvc.lock").read_text() == (sealed.root / "dvc.lock").read_text()


REWARD = """
import time
from pathlib import Path

calls = 0


def length(prompts, completions):
    global calls
    calls += 1
    if calls == 40 and Path("pause").exists():
        Path("pause").unlink()
        time.sleep(600)
    return [len(completion) / 10 for completion in completions]
"""


def test_a_training_that_comes_to_its_time_limit_goes_on_in_the_next_attempt(slurm, copy_of_finished):
    """Its reward, with the 40th batch, takes longer than the job has."""
    checkout, made = copy_of_finished, "results/smoke/policy/length/seed-1"
    (checkout.root / "slow.py").write_text(REWARD)
    checkout.edit_params(
        {"rewards.length": {"function": "slow:length"}, "policy.steps": 60, "training.checkpoint_every": 5}
    )
    checkout.snakemake("--", made)
    whole = checkout.files()
    shutil.rmtree(checkout.root / made)
    pause = checkout.root / "pause"
    pause.touch()
    process = checkout.start("snakemake", "--profile", "profiles/slurm", *QUICK, "--", made)
    job = slurm.wait_for_job("policy")
    wait_for(lambda: not pause.exists(), seconds=300)
    run("scontrol", "update", f"JobId={job}", "TimeLimit=1")
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    assert "TIMEOUT" in output and "Trying to restart job" in output
    assert "going on after step 35" in (checkout.root / "results/smoke/logs/policy/length/seed-1.log").read_text()
    assert checkout.files() == whole
