"""What goes wrong on machines: Snakemake killed or started twice, a full disk. Nothing is lost, and it says so."""

import shutil
import subprocess

import psutil
import pytest

from tests.checkout import HUNG, Checkout, steps, wait_for

pytestmark = pytest.mark.faults
POLICY = "results/smoke/policy/positivity/seed-1"


def without_policy(checkout: Checkout) -> tuple[str, ...]:
    """Removes a policy, so that it is to be made again, and tells what makes it."""
    shutil.rmtree(checkout.root / POLICY)
    return tuple(checkout.command("--", POLICY, cores=1))


@pytest.mark.long
def test_two_at_once_and_a_lock_that_a_kill_left(copy_of_finished, finished):
    command = without_policy(copy_of_finished)
    copy_of_finished.hold("scripts.policy")
    first = copy_of_finished.start(*command)
    job = copy_of_finished.held("scripts.policy")
    output = copy_of_finished.run(*command, fails=True)
    assert "Directory cannot be locked" in output
    assert job.is_running()
    first.kill()
    job.kill()
    first.wait()
    assert "--unlock" in copy_of_finished.run(*command, fails=True)
    copy_of_finished.snakemake("--unlock")
    copy_of_finished.run(*command)
    assert copy_of_finished.files() == finished.files()


@pytest.mark.long
def test_a_training_that_outlives_snakemake_is_waited_for(copy_of_finished, finished):
    command = without_policy(copy_of_finished)
    copy_of_finished.hold("scripts.policy")
    first = copy_of_finished.start(*command)
    copy_of_finished.held("scripts.policy")
    first.kill()
    first.wait()
    copy_of_finished.snakemake("--unlock")
    second = copy_of_finished.start(*command)
    log = copy_of_finished.root / "results/smoke/logs/policy/positivity/seed-1.log"
    waits = "waiting for another process that trains the same"
    wait_for(lambda: log.exists() and waits in log.read_text())
    copy_of_finished.go_on("scripts.policy")
    output, _ = second.communicate(timeout=HUNG)
    assert second.returncode == 0, output
    assert copy_of_finished.files() == finished.files()


@pytest.fixture
def small_disk(copy_of_finished):
    """The finished checkout with its results on a file system of 32 MB."""
    results = copy_of_finished.root / "results"
    shutil.move(results, results.with_name("before"))
    results.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", results]
    mounted = subprocess.run(command, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted: {mounted.stderr.strip()}")
    shutil.copytree(results.with_name("before"), results, dirs_exist_ok=True)
    yield copy_of_finished
    subprocess.run(["umount", results], check=True)


@pytest.mark.long
def test_a_full_disk_is_named_and_once_there_is_space_the_same_bytes_come_out(small_disk, finished):
    command = without_policy(small_disk)
    filler = small_disk.root / "results/filler"
    free = psutil.disk_usage(str(filler.parent)).free
    filler.write_bytes(bytes(free - 40 * 1024))  # for a log, and less than a model
    output = small_disk.run(*command, fails=True)
    assert "error: the disk is full: free some space and run again" in output
    assert not (small_disk.root / POLICY).exists()
    filler.unlink()
    small_disk.run(*command)
    assert small_disk.files() == finished.files()


@pytest.mark.long
def test_a_training_that_is_killed_half_way_goes_on_from_its_checkpoint(copy_of_finished):
    """On WARP's policy, whose anchor moves: kill -9 of the job, after which Snakemake is started again."""
    checkout, policy = copy_of_finished, "M-1/iteration-1/policy-1/seed-1"
    made = f"results/smoke/warp/{policy}"
    half = steps(6)
    checkout.edit_params({"warp.steps": 2 * half, "training.checkpoint_every": 1})
    command = checkout.command("--", made, cores=1)
    checkout.run(*command)
    whole = checkout.files()
    shutil.rmtree(checkout.root / made)
    checkout.hold("scripts.policy", after=half)
    first = checkout.start(*command)
    checkout.held("scripts.policy").kill()
    first.communicate()
    assert first.returncode
    checkout.run(*command)
    log = (checkout.root / f"results/smoke/logs/warp_policy/{policy}.log").read_text()
    assert f"going on after step {half}\n" in log
    assert checkout.files() == whole
