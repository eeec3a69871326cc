"""The whole graph on a real Slurm, and through what happens on a cluster."""

import shutil

import psutil
import pytest
from filelock import FileLock

from tests.checkout import HUNG, Checkout, steps
from tests.single_node_slurm import Slurm, run, why_not

pytestmark = [pytest.mark.long, pytest.mark.faults]
SNAKEMAKE = ["timeout", "--kill-after=5", str(HUNG), "snakemake", "--profile", "profiles/slurm"]
SNAKEMAKE += ["--jobs=4", "--slurm-init-seconds-before-status-checks=1", "--seconds-between-status-checks=2"]


@pytest.fixture
def slurm(tmp_path_factory):
    """One at a time on this machine."""
    reason = why_not()
    if reason is not None:
        pytest.skip(f"no Slurm: {reason}")
    with FileLock("/run/lock/paretosoup-slurm.lock"), Slurm(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


def job_of(process: psutil.Process) -> str:
    """The number of the job that a process is of."""
    return process.environ()["SLURM_JOB_ID"]


def test_results_are_those_of_one_machine_whatever_happens_to_jobs(slurm, sealed, tmp_path):
    """A job is cancelled and made again; the controller goes away and comes back, while jobs run."""
    checkout = Checkout.at(tmp_path / "repository")
    for script in ("scripts.reward", "scripts.policy"):
        checkout.hold(script)
    process = checkout.start(*SNAKEMAKE)
    cancelled = job_of(checkout.held("scripts.reward"))
    run("scancel", cancelled)
    checkout.held("scripts.policy")
    slurm.restart_controller()
    checkout.go_on("scripts.policy")
    output, _ = process.communicate()
    assert process.returncode == 0, output
    assert f"SLURM jobid {cancelled}" in output and "Trying to restart job" in output
    checkout.run("git", "init", "--quiet")
    (checkout.root / "dvc.lock").unlink()
    checkout.dvc_graph("seal")
    assert (checkout.root / "dvc.lock").read_text() == (sealed.root / "dvc.lock").read_text()


def test_a_training_that_comes_to_its_time_limit_goes_on_in_the_next_attempt(slurm, copy_of_finished):
    """It waits at a step until the limit ends it."""
    checkout, made = copy_of_finished, "results/smoke/policy/positivity/seed-1"
    half = steps(6)
    checkout.edit_params({"policy.steps": 2 * half, "training.checkpoint_every": 1})
    checkout.snakemake("--", made)
    whole = checkout.files()
    shutil.rmtree(checkout.root / made)
    checkout.hold("scripts.policy", after=half)
    process = checkout.start(*SNAKEMAKE, "--", made)
    job = job_of(checkout.held("scripts.policy"))
    run("scontrol", "update", f"JobId={job}", "TimeLimit=1")
    output, _ = process.communicate()
    assert process.returncode == 0, output
    assert "TIMEOUT" in output and "Trying to restart job" in output
    log = (checkout.root / "results/smoke/logs/policy/positivity/seed-1.log").read_text()
    assert f"going on after step {half}\n" in log
    assert checkout.files() == whole
