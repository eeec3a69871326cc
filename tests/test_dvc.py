"""Snakemake and DVC on one graph: what is recorded is true, and what one computed the others have."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import boto3
import pytest
import yaml
from dvc.dependency.param import read_param_file
from dvc.fs import localfs

from lib.graph.history import git, recorded_at
from lib.graph.in_use import in_use
from tests.checkout import HUNG, JOBS, ROOT, Checkout
from tests.s3_server import S3
from tests.test_edits import POLICY as POLICY_AND_AFTER
from tests.test_edits import SALSA, SALSA_SCORES, agreed

POLICY = "results/smoke/policy/positivity/seed-1"
SCORES = "results/smoke/scores/rewarded_soups/seed-1.csv"
REPORT = "results/smoke/report.md"
PIPELINES = [ROOT / "dvc.yaml", *sorted(ROOT.glob("experiments/*/dvc.yaml"))]


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda path: path.parent.name)
def test_what_is_checked_in_is_what_the_graph_says(pipeline):
    Checkout(ROOT).dvc_graph("check", "--params", str(pipeline.with_name("params.yaml")))


def test_the_results_that_are_recorded_are_those_of_this_code(tmp_path):
    """dvc.lock of the default experiment, without its data."""
    checkout = Checkout.at(tmp_path / "repository")
    (checkout.root / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    checkout.run("git", "init", "--quiet")
    output, _ = checkout.start("dvc", "repro", "--dry", "--allow-missing").communicate()
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    unchanged = re.findall(r"Stage '(.*)' didn't change", output)
    assert sorted(unchanged) == sorted(stages), f"run `make` and `make seal`, and commit dvc.lock:\n{output}"


@pytest.mark.parametrize("lock_file", sorted(ROOT.glob("experiments/*/dvc.lock")), ids=lambda path: path.parent.name)
def test_the_results_of_other_experiments_are_of_the_commit_that_their_lock_names(lock_file):
    """Whatever the code is now: their names, parameters and data are those of dvc.yaml."""
    stages = yaml.safe_load(lock_file.with_suffix(".yaml").read_text())["stages"]
    lock = yaml.safe_load(lock_file.read_text())["stages"]
    params = str(lock_file.with_name("params.yaml"))
    assert lock.keys() == stages.keys()
    commits = recorded_at(lock_file, stages)
    code = {(commits[name], dep["path"], dep["md5"]) for name in lock for dep in lock[name]["deps"] if is_code(dep)}
    for commit, path, digest in code:
        assert md5(git("-C", str(ROOT), "show", f"{commit}:{path}")).hexdigest() == digest, path
    made = {out["path"]: out["md5"] for recorded in lock.values() for out in recorded["outs"]}
    for name, recorded in lock.items():
        assert [out["path"] for out in recorded["outs"]] == stages[name]["outs"]
        [listed] = [keys for item in stages[name].get("params", []) for keys in item.values()] or [[]]
        [values] = recorded.get("params", {"": {}}).values()
        present = read_param_file(localfs, params, listed, flatten=True) if listed else {}
        assert values == {key: present[key] for key in values}  # the code of today may read more keys
        for dep in recorded["deps"]:
            assert made.get(dep["path"], dep["md5"]) == dep["md5"]


def is_code(dependency: dict[str, str]) -> bool:
    return dependency["path"].endswith(".py")


def test_every_job_has_a_stage_and_a_person_can_look(sealed):
    pipeline = yaml.safe_load((sealed.root / "dvc.yaml").read_text())
    assert len(pipeline["stages"]) == JOBS
    assert "policy-editorial-0_25-positivity-0_75-1" in pipeline["stages"]
    [metrics] = json.loads(sealed.dvc("metrics", "show", "--json"))[""]["data"].values()
    assert set(metrics["data"]["agreement"]) == {"positivity", "editorial", "gold"}
    assert "hypervolume" in sealed.dvc("metrics", "diff", "--all")
    plots = json.loads(sealed.dvc("plots", "show", "--json"))["data"]
    assert {"rewarded soups: front", "positivity along training"} <= set(plots)
    assert "results/smoke/rewarded_soups/figures/front.png" in plots
    assert pipeline["artifacts"]["sft-soup"] == {"path": "results/smoke/sft/soup", "type": "model"}


def break_report(checkout: Checkout) -> None:
    """Has the report's job fail."""
    script = checkout.root / "scripts/report.py"
    script.write_text(
        script.read_text().replace("    model = json", "    raise ValueError('an accident')\n    model = json")
    )


@pytest.mark.long
def test_seal_records_only_what_ran_and_is_current(copy_of_sealed):
    """Values edited and not run, and a run that failed half-way."""
    copy_of_sealed.edit_params({"figures.width": 5.0})
    before = (copy_of_sealed.root / "dvc.lock").read_text()
    output = copy_of_sealed.dvc_graph("seal")
    assert "not recorded, it has not run with what is there now: rewarded_soups_figures" in output
    assert (copy_of_sealed.root / "dvc.lock").read_text() == before
    break_report(copy_of_sealed)
    copy_of_sealed.snakemake("--keep-going", fails=True)
    output = copy_of_sealed.dvc_graph("seal")
    assert f"5 recorded, {JOBS - 6} as they were, of {JOBS} jobs" in output
    assert re.search("not recorded, .*: report", output)
    lock = yaml.safe_load((copy_of_sealed.root / "dvc.lock").read_text())["stages"]
    assert lock["warp_figures"]["params"]["params.yaml"]["figures.width"] == 5.0
    assert lock["report"] == yaml.safe_load(before)["stages"]["report"]
    assert agreed(copy_of_sealed) == {"report"}
    assert "figures.width" in copy_of_sealed.dvc("params", "diff")


@pytest.mark.long
@pytest.mark.faults
def test_seal_records_nothing_of_a_job_that_was_killed_with_snakemake(copy_of_sealed):
    copy_of_sealed.edit_params({"policy.learning_rate": 1.0e-3})
    copy_of_sealed.hold("scripts.policy")
    process = copy_of_sealed.start(*copy_of_sealed.command(cores=1))
    job = copy_of_sealed.held("scripts.policy")
    process.kill()
    job.kill()
    process.communicate()
    assert "snakemake --unlock" in copy_of_sealed.dvc_graph("seal", fails=True)
    copy_of_sealed.snakemake("--unlock")
    before = (copy_of_sealed.root / "dvc.lock").read_text()
    stages = yaml.safe_load((copy_of_sealed.root / "dvc.yaml").read_text())["stages"].values()
    changed = sum("policy.learning_rate" in stage.get("params", []) for stage in stages)
    said = f"0 recorded, {JOBS - changed} as they were, of {JOBS} jobs"
    assert said in copy_of_sealed.dvc_graph("seal")
    assert (copy_of_sealed.root / "dvc.lock").read_text() == before


@pytest.mark.long
@pytest.mark.faults
def test_seal_records_nothing_of_a_job_whose_code_changed_while_it_ran(copy_of_sealed):
    copy_of_sealed.edit_code("scripts/policy.py")
    copy_of_sealed.hold("scripts.policy")
    process = copy_of_sealed.start(*copy_of_sealed.command("--", POLICY))
    copy_of_sealed.held("scripts.policy")
    copy_of_sealed.edit_code("lib/policies/trainers.py")
    copy_of_sealed.go_on("scripts.policy")
    output, _ = process.communicate()
    assert process.returncode == 0, output
    before = (copy_of_sealed.root / "dvc.lock").read_text()
    assert "lib/policies/trainers.py was written while it ran" in copy_of_sealed.dvc_graph("seal")
    assert (copy_of_sealed.root / "dvc.lock").read_text() == before
    assert "policy" in copy_of_sealed.would_make("--", POLICY)


@pytest.mark.long
def test_seal_records_no_model_that_has_lost_a_file(copy_of_sealed):
    """Nor what is made from it meanwhile."""
    copy_of_sealed.edit_params({"evaluation.kl_estimator": "log_ratio"})
    copy_of_sealed.snakemake("--", "results/smoke/scores/sft/seed-1.csv")
    (copy_of_sealed.root / "results/smoke/sft/2/model.safetensors").unlink()
    output = copy_of_sealed.dvc_graph("seal")
    assert "0 recorded" in output
    assert "what sft-2 made has been written to since" in output
    output = copy_of_sealed.dvc_graph("adopt", fails=True)
    assert "damaged: results/smoke/sft/2/model.safetensors is missing" in output
    assert "sft" in copy_of_sealed.would_make()


@pytest.mark.long
def test_seal_forgets_stages_that_are_no_more(copy_of_sealed):
    copy_of_sealed.edit_params({"rewarded_soups.preferences": [0.25], "rewarded_soups.bone_soups": None})
    copy_of_sealed.dvc_graph("seal")
    lock = yaml.safe_load((copy_of_sealed.root / "dvc.lock").read_text())["stages"]
    assert "policy-positivity-1" in lock
    assert "policy-editorial-0_25-positivity-0_75-1" not in lock


@pytest.mark.long
@pytest.mark.faults
def test_repro_while_snakemake_runs_removes_nothing(copy_of_sealed):
    """Neither what is being made, nor what it is made from, though that is not sealed yet."""
    copy_of_sealed.edit_params({"rewards.editorial.label": {"editorial": 1, "tweet": 0, "movie": 0}})
    copy_of_sealed.snakemake("--", "results/smoke/reward/editorial")
    copy_of_sealed.hold("scripts.policy")
    process = copy_of_sealed.start(*copy_of_sealed.command(cores=1))
    job = copy_of_sealed.held("scripts.policy")
    for stage, output in (("reward-editorial", "results/smoke/reward/editorial"), ("evaluate-1", REPORT)):
        said = copy_of_sealed.dvc("repro", "--single-item", stage, fails=True)
        assert "is busy, it is being blocked by" in said
        assert "snakemake" in said
        assert (copy_of_sealed.root / output).exists()
    assert "snakemake runs here" in copy_of_sealed.dvc_graph("seal", fails=True)
    assert "snakemake runs here" in copy_of_sealed.dvc_graph("adopt", fails=True)
    process.kill()
    job.kill()
    process.communicate()


@pytest.mark.long
def test_snakemake_does_not_start_on_what_dvc_is_making(copy_of_sealed, monkeypatch):
    monkeypatch.chdir(copy_of_sealed.root)
    copy_of_sealed.edit_code("scripts/warp_figures.py")
    with in_use("dvc repro", made=[REPORT], read=[]):
        output = copy_of_sealed.snakemake(fails=True)
    assert "dvc repro" in output
    copy_of_sealed.snakemake()


@pytest.mark.long
def test_what_dvc_ran_snakemake_does_not_run_again(copy_of_sealed):
    script = copy_of_sealed.root / "scripts/warp_figures.py"
    script.write_text(script.read_text().replace("width * 0.8", "width * 0.7"))
    output = copy_of_sealed.dvc("repro")
    first, *rest = re.findall("Running stage '(.*)'", output)
    assert first == "warp_figures" and sorted(rest) == ["page", "report"]
    assert agreed(copy_of_sealed) == set()


def test_a_job_of_dvc_that_fails_says_why(copy_of_sealed):
    break_report(copy_of_sealed)
    assert "error: an accident" in copy_of_sealed.dvc("repro", fails=True)


@pytest.mark.long
def test_a_comment_costs_dvc_one_job_and_after_adopt_snakemake_none(copy_of_sealed):
    """DVC stops where the outputs are the same as before; Snakemake does not by itself."""
    copy_of_sealed.edit_code("scripts/snippets.py")
    assert re.findall("Running stage '(.*)'", copy_of_sealed.dvc("repro")) == ["snippets"]
    copy_of_sealed.dvc_graph("adopt")
    assert agreed(copy_of_sealed) == set()


@pytest.mark.long
def test_adopt_leaves_alone_what_snakemake_made_and_nobody_sealed(copy_of_sealed):
    copy_of_sealed.edit_code("scripts/warp_figures.py")
    copy_of_sealed.snakemake()
    assert "0 stale" in copy_of_sealed.dvc_graph("adopt")
    assert copy_of_sealed.would_make() == {}
    assert f"1 recorded, {JOBS - 1} as they were" in copy_of_sealed.dvc_graph("seal")


@pytest.fixture(params=["directory", "s3"])
def shared(request, copy_of_sealed, tmp_path) -> Checkout:
    """A sealed checkout with a remote: a directory, or a bucket of an S3 server."""
    if request.param == "s3":
        request.getfixturevalue("bucket")(copy_of_sealed)
    else:
        share_in_directory(copy_of_sealed, tmp_path)
    return copy_of_sealed


def share_in_directory(checkout: Checkout, folder: Path) -> None:
    """Gives a checkout a directory as its remote."""
    checkout.dvc("remote", "add", "--default", "team", str(folder / "shared"))
    checkout.commit()


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with S3() as started:
        yield started


@pytest.fixture
def bucket(server, monkeypatch, tmp_path):
    """Gives a checkout a bucket of its own as its remote."""
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    def give(checkout: Checkout):
        name = re.sub("[^a-z0-9]", "-", f"{tmp_path.name}-{os.getpid()}".lower())
        store = boto3.resource("s3", endpoint_url=server.url).create_bucket(Bucket=name)
        checkout.dvc("remote", "add", "--default", "team", f"s3://{name}/dvc")
        checkout.dvc("remote", "modify", "team", "endpointurl", server.url)
        checkout.commit()
        return store

    return give


@pytest.mark.long
def test_a_colleague_has_everything_after_pull_and_adopt(shared, tmp_path):
    shared.dvc("push")
    colleague = shared.clone(tmp_path / "colleague")
    colleague.dvc("pull")
    assert f"{JOBS} of {JOBS} jobs adopted, 0 not here, 0 stale" in colleague.dvc_graph("adopt")
    assert agreed(colleague) == set()
    assert colleague.files() == shared.files()
    colleague.edit_params({"evaluation.margin": 0.1})
    colleague.edit_code("lib/policies/trainers.py")
    assert {"policy", "report"} <= agreed(colleague)


def upstream(stages: dict[str, dict], name: str) -> set[str]:
    """A stage and all that it is made from."""
    made_by = {output: other for other, stage in stages.items() for output in stage.get("outs", [])}
    before = {made_by[path] for path in stages[name]["deps"] if path in made_by}
    return {name}.union(*(upstream(stages, other) for other in before))


@pytest.mark.long
def test_a_colleague_without_the_lock_trains_nothing(copy_of_sealed, bucket, tmp_path):
    """Every result comes from the run cache, by its inputs and parameters."""
    bucket(copy_of_sealed)
    copy_of_sealed.dvc("push", "--run-cache")
    colleague = copy_of_sealed.clone(tmp_path / "colleague")
    (colleague.root / "dvc.lock").unlink()
    output = colleague.dvc("repro", "--pull", "rewarded_soups_figures")
    stages = yaml.safe_load((colleague.root / "dvc.yaml").read_text())["stages"]
    needed = upstream(stages, "rewarded_soups_figures")
    assert set(re.findall("Stage '(.*)' is cached - skipping run", output)) == needed
    assert "Running stage" not in output
    ours, theirs = colleague.files(), copy_of_sealed.files()
    assert "rewarded_soups/figures/front.png" in ours
    assert [name for name in ours if ours[name] != theirs[name]] == []
    said = f"{len(needed)} of {JOBS} jobs adopted, {JOBS - len(needed)} not here, 0 stale"
    assert said in colleague.dvc_graph("adopt")


@pytest.mark.long
def test_a_figure_is_drawn_again_from_the_evidence_alone(copy_of_sealed, tmp_path):
    share_in_directory(copy_of_sealed, tmp_path)
    copy_of_sealed.dvc("push")
    colleague = copy_of_sealed.clone(tmp_path / "colleague")
    colleague.edit_params({"figures.width": 5.0})
    output = colleague.dvc("repro", "--pull", "--allow-missing", "rewarded_soups_figures")
    assert re.findall("Running stage '(.*)'", output) == ["rewarded_soups_figures"]
    here = {name for name in colleague.files() if not name.startswith("rewarded_soups/figures/")}
    read = {"front.csv", "chord.csv", "balance.csv", "evidence/settings.json", "evidence/scores_held_out.csv"}
    assert here == {f"rewarded_soups/{name}" for name in read}
    assert (colleague.root / "results/smoke/rewarded_soups/figures/front.pdf").stat().st_size > 0


@pytest.mark.long
def test_an_edit_between_pull_and_adopt_stays_stale(copy_of_sealed, tmp_path):
    share_in_directory(copy_of_sealed, tmp_path)
    copy_of_sealed.dvc("push")
    colleague = copy_of_sealed.clone(tmp_path / "colleague")
    colleague.dvc("pull")
    colleague.edit_params({"policy.steps": 5})
    assert "5 stale" in colleague.dvc_graph("adopt")
    assert agreed(colleague) == POLICY_AND_AFTER | SALSA


@pytest.mark.long
@pytest.mark.faults
def test_an_interrupted_push_and_an_interrupted_pull_lose_nothing(copy_of_sealed, server, bucket, tmp_path):
    store = bucket(copy_of_sealed)
    interrupt(copy_of_sealed, server, "push", "PUT")
    reached = len(list(store.objects.all()))
    copy_of_sealed.dvc("push")
    assert 0 < reached < len(list(store.objects.all()))
    colleague = copy_of_sealed.clone(tmp_path / "colleague")
    interrupt(colleague, server, "pull", "GET")
    assert colleague.files() != copy_of_sealed.files()
    colleague.dvc("pull")
    assert colleague.files() == copy_of_sealed.files()
    assert f"{JOBS} of {JOBS} jobs adopted" in colleague.dvc_graph("adopt")
    assert agreed(colleague) == set()


def interrupt(checkout: Checkout, server: S3, transfer: str, method: str) -> None:
    """Kills a transfer when five objects have come through."""
    server.hold(method, after=5)
    process = checkout.start("dvc", transfer, "--jobs", "1")
    assert server.waits.wait(HUNG)
    process.kill()
    process.communicate()
    server.go_on()


def damage(path: Path) -> None:
    """Another byte in the middle, with the permissions that there were."""
    mode = path.stat().st_mode
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    path.chmod(mode)


@pytest.mark.long
def test_a_damaged_object_of_the_cache_is_named_and_not_used(copy_of_sealed, tmp_path):
    model = copy_of_sealed.root / POLICY / "model.safetensors"
    stored = next(
        path for path in copy_of_sealed.root.glob(".dvc/cache/files/*/*/*") if path.read_bytes() == model.read_bytes()
    )
    colleague = copy_of_sealed.clone(tmp_path / "colleague")
    colleague.dvc("cache", "dir", "--local", str(copy_of_sealed.root / ".dvc/cache"))
    whole = stored.read_bytes()
    damage(stored)
    colleague.dvc("checkout")
    output = colleague.dvc_graph("adopt", fails=True)
    assert f"damaged: {POLICY}/model.safetensors and its object in the cache: remove it and {stored}" in output
    assert colleague.would_make().keys() == POLICY_AND_AFTER | SALSA_SCORES
    stored.chmod(0o644)
    stored.write_bytes(whole)
    (colleague.root / POLICY / "model.safetensors").unlink()
    colleague.dvc("checkout")
    colleague.dvc_graph("adopt")
    assert agreed(colleague) == set()


@pytest.mark.long
def test_a_file_that_was_changed_where_no_cache_has_it_is_named(copy_of_sealed, tmp_path):
    """Results that came by other ways than DVC, such as a copy."""
    colleague = copy_of_sealed.clone(tmp_path / "colleague")
    shutil.copytree(copy_of_sealed.root / "results", colleague.root / "results")
    assert f"{JOBS} of {JOBS} jobs adopted" in colleague.dvc_graph("adopt")
    assert colleague.would_make() == {}
    shutil.rmtree(colleague.root / ".snakemake")
    damage(colleague.root / REPORT)
    damage(colleague.root / POLICY / "model.safetensors")
    output = colleague.dvc_graph("adopt", fails=True)
    assert re.search("stale: policy-positivity-1, .*rewarded_soups_scores-1, .*report", output)
    assert f"damaged: {REPORT} is not what dvc.lock says" in output
    assert colleague.would_make().keys() == POLICY_AND_AFTER | SALSA_SCORES


@pytest.mark.long
def test_a_damaged_object_of_the_remote_is_named_and_not_used(copy_of_sealed, bucket, tmp_path):
    store = bucket(copy_of_sealed)
    copy_of_sealed.dvc("remote", "modify", "team", "verify", "true")
    copy_of_sealed.commit()
    copy_of_sealed.dvc("push")
    content = (copy_of_sealed.root / POLICY / "model.safetensors").read_bytes()
    [stored] = [
        item for item in store.objects.all() if item.size == len(content) and item.get()["Body"].read() == content
    ]
    stored.put(Body=b"x" + content[1:])
    colleague = copy_of_sealed.clone(tmp_path / "colleague")
    output = colleague.dvc("pull", fails=True)
    assert POLICY in output
    assert not (colleague.root / POLICY / "model.safetensors").exists()
