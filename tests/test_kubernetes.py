"""The profile for Kubernetes, as far as it goes without a cluster: kubectl is real, pods are processes."""

import shutil

import pytest

from tests.checkout import HUNG, Checkout, wait_for
from tests.kubernetes_api import Kubernetes

pytestmark = pytest.mark.long


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    if not shutil.which("kubectl"):
        pytest.skip("no kubectl: apt-get install kubernetes-client")
    with Kubernetes(tmp_path, held="base") as running:
        monkeypatch.setenv("KUBECONFIG", str(running.configuration))
        yield running


def test_jobs_ask_for_what_they_need_and_one_that_is_deleted_is_made_again(cluster, finished, tmp_path):
    checkout = Checkout.at(tmp_path / "repository")
    process = checkout.start("snakemake", "--profile", "profiles/kubernetes", "--", "results/smoke/sft/1")
    wait_for(lambda: cluster.of_rule("base"))
    checkout.run("kubectl", "delete", "job", cluster.of_rule("base")[0]["metadata"]["name"])
    output, _ = process.communicate(timeout=HUNG)
    assert process.returncode == 0, output
    assert "Trying to restart job" in output
    first, second = map(asked, cluster.of_rule("base"))
    assert second == {"cpu": "2", "memory": 2 * first["memory"], "gpu": None, "seconds": 2 * first["seconds"]}
    made = checkout.files()
    assert any(name.startswith("sft/1/") for name in made)
    theirs = finished.files()
    assert made == {name: theirs[name] for name in made}


def test_a_job_asks_for_a_gpu_though_there_is_none_where_snakemake_was_started(cluster, copy_of_finished):
    copy_of_finished.edit_params({"compute.device": "cuda"})
    process = copy_of_finished.start("snakemake", "--profile", "profiles/kubernetes", "--", "results/smoke/sft/1")
    wait_for(lambda: cluster.of_rule("sft"))
    process.kill()
    process.communicate()
    assert asked(cluster.of_rule("sft")[0])["gpu"] == "1"


def asked(job):
    """What a job asks for: cores, MB, GPUs and seconds."""
    pod = job["spec"]["template"]["spec"]
    [container] = pod["containers"]
    requests, limits = container["resources"]["requests"], container["resources"]["limits"]
    return {
        "cpu": requests["cpu"],
        "memory": int(limits["memory"].removesuffix("M")),
        "gpu": limits.get("nvidia.com/gpu"),
        "seconds": pod["activeDeadlineSeconds"],
    }
