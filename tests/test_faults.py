"""What goes wrong on machines: Snakemake killed or started twice, a full disk. Nothing is lost, and it says so."""

import shutil
import subprocess

import psutil
import pytest

from tests.checkout import Checkout

POLICY = "results/smoke/policy/positivity/seed-1"


def without_policy(checkout: Checkout) -> tuple[str, ...]:
    """Removes a policy, so that it is to be made again, and tells what makes it."""
    shutil.rmtree(checkout.root / POLICY)
    return tuple(checkout.command("--", POLICY, cores=1))


def test_two_at_once_and_a_lock_that_a_kill_left(copy_of_finished, finished):
    command = without_policy(copy_of_finished)
    first = copy_of_finished.start(*command)
    job = copy_of_finished.wait_for_job("scripts.policy")
    job.suspend()
    output = copy_of_finished.run(*command, fails=True)
    assert "Directory cannot be locked" in output
    assert job.status() == psutil.STATUS_STOPPED
    first.kill()
    job.kill()
    first.wait()
    assert "--unlock" in copy_of_finished.run(*command, fails=True)
    copy_of_finished.snakemake("--unlock")
    copy_of_finished.run(*command)
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
