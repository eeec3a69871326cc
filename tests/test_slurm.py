"""The whole graph on a real Slurm, and through what happens on a cluster."""

import pytest
from filelock import FileLock

from tests.checkout import Checkout
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
