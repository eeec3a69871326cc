"""An experiment beside the default one: its own parameters, its own stages and lock, and nothing of the other's."""

import json
import shutil
import sys
import time
from pathlib import Path

import pytest
import yaml
from dvc.exceptions import OutputDuplicationError

from lib.graph.jobs import graph_of
from lib.graph.records import records
from lib.graph.stages import DEFAULT_PARAMS, pipeline, require_same
from scripts.dvc_graph import check, write
from tests.checkout import JOBS, Checkout

FOLDER = Path("experiments/other")
PARAMS = FOLDER / "params.yaml"


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Checkout:
    """A checkout with a second experiment, in which this process works."""
    checkout = Checkout.at(tmp_path / "repository")
    (checkout.root / FOLDER).mkdir(parents=True)
    shutil.copy(checkout.root / DEFAULT_PARAMS, checkout.root / PARAMS)
    checkout.edit_params({"experiment": "other"}, PARAMS)
    checkout.run("git", "init", "--quiet")
    monkeypatch.chdir(checkout.root)
    monkeypatch.setattr(sys, "path", sys.path[:])  # which the Snakefile adds to
    return checkout


def default_records() -> list[bytes]:
    """What DVC knows of the default experiment."""
    return [Path(name).read_bytes() for name in ("dvc.yaml", "dvc.lock")]


def test_the_default_parameters_are_not_read_and_errors_name_the_file(checkout):
    changes = {"rewards.brevity": None, "rewarded_soups.simplex_rewards": ["positivity", "editorial", "mine"]}
    checkout.edit_params(changes | {"rewards.mine": {"function": "lib.rewards:brevity"}}, PARAMS)
    command = ["-n", "--configfile", str(PARAMS), "--config", "warp={'reward': 'brevity'}"]
    expected = "warp.reward: 'brevity' is not one of the rewards (positivity, editorial, mine)"
    assert f"{PARAMS}: {expected}" in checkout.snakemake(*command, fails=True).splitlines()


def test_stages_are_beside_the_parameters_and_start_at_the_root(checkout):
    before = default_records()
    with graph_of("Snakefile", PARAMS) as graph:
        write(graph)
        check(graph)
        require_same(graph.jobs, graph.config, PARAMS)
        with pytest.raises(ValueError, match=r"^dvc\.yaml is not what the Snakefile and params\.yaml say"):
            require_same(graph.jobs, graph.config, DEFAULT_PARAMS)
        written = yaml.safe_load((FOLDER / "dvc.yaml").read_text())
        assert written == json.loads(json.dumps(pipeline(graph)))
    assert default_records() == before
    stages = written["stages"].values()
    assert {stage["wdir"] for stage in stages} == {"../.."}
    assert {tuple(stage["cmd"].split()[:3]) for stage in stages} == {("snakemake", "--configfile", str(PARAMS))}
    assert {path for stage in stages for item in stage.get("params", []) for path in item} == {str(PARAMS)}
    assert written["stages"]["fetch"]["outs"] == ["results/other/data/archive.tar.gz"]
    files = written["metrics"] + [path for item in written["plots"] for path in item if path.endswith(".png")]
    files += [path for item in written["plots"] for of in item.values() if of for path in of["y"]]
    files += [artifact["path"] for artifact in written["artifacts"].values()]
    assert all((FOLDER / path).resolve().is_relative_to(Path("results/other").resolve()) for path in files)


@pytest.mark.long
def test_its_lock_is_its_own_and_so_must_be_its_results(checkout):
    with graph_of("Snakefile", PARAMS) as graph:
        write(graph)
    before = default_records()
    archive = Path("results/other/data/archive.tar.gz")
    archive.parent.mkdir(parents=True)
    shutil.copy("tests/snippets.tar.gz", archive)
    checkout.commit()
    (FOLDER / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": {"gone": {"cmd": "true"}}}))
    with records(PARAMS) as recorded:
        recorded.record(["fetch"], time.time())
    assert yaml.safe_load((FOLDER / "dvc.lock").read_text())["stages"].keys() == {"fetch"}
    assert default_records() == before
    checkout.edit_params({"data.source": "tests"})
    checkout.edit_params({"data.sha256": "0"}, PARAMS)
    fetch = f"{FOLDER}/dvc.yaml:fetch"
    assert json.loads(checkout.dvc("status", "--json", fetch)) == {
        fetch: [{"changed deps": {str(PARAMS): {"data.sha256": "modified"}}}]
    }
    shutil.copytree(FOLDER, FOLDER.with_name("again"))
    with pytest.raises(OutputDuplicationError, match="results/other"), records(PARAMS):
        pass


def head(checkout: Checkout) -> list[str]:
    """The comments of dvc.lock."""
    return [line for line in (checkout.root / FOLDER / "dvc.lock").read_text().splitlines() if line.startswith("#")]


def commit(checkout: Checkout) -> str:
    """Commits everything, and tells which commit that is."""
    checkout.commit()
    return checkout.run("git", "rev-parse", "HEAD").strip()


@pytest.mark.long
def test_its_results_are_of_the_commit_that_its_lock_names(checkout):
    """Whatever the code is now; not whatever its parameters are."""
    given = ["--params", str(PARAMS)]
    fetched, snippets = "results/other/data/archive.tar.gz", "results/other/data/snippets.jsonl"
    checkout.snakemake("--configfile", str(PARAMS), "--", fetched)
    assert "scripts/fetch.py" in checkout.dvc_graph("seal", *given, fails=True)  # nothing is committed
    first = commit(checkout)
    assert "1 recorded, 0 as they were" in checkout.dvc_graph("seal", *given)
    assert head(checkout) == [f"# Recorded at commit {first}"]

    script = checkout.root / "scripts/fetch.py"
    script.write_text(script.read_text() + "\nOTHER = 1\n")
    rules = checkout.root / "rules/data.smk"
    rules.write_text(rules.read_text().replace("-m scripts.fetch", "-B -m scripts.fetch"))
    said = checkout.dvc_graph("status", *given)
    assert f"{FOLDER}/dvc.lock is of commit {first}" in said
    assert f"1 of {JOBS} jobs are as recorded, 1 of them with other code than is here now" in said
    assert f"1 of {JOBS} jobs adopted, {JOBS - 1} not here, 0 stale" in checkout.dvc_graph("adopt", *given)
    assert f"fetch is up to date, as of commit {first[:7]}" in checkout.dvc_graph("why", "fetch", *given)
    assert f"0 recorded anew, {JOBS - 1} not" in checkout.dvc_graph("restamp", *given)
    assert "scripts/fetch.py: not committed" in checkout.dvc_graph("seal", *given, fails=True)

    checkout.snakemake("--configfile", str(PARAMS), "--", snippets)
    second = commit(checkout)
    assert "1 recorded, 1 as they were" in checkout.dvc_graph("seal", *given)
    assert head(checkout) == [f"# Recorded at commit {first}", f"# Recorded at commit {second}: snippets"]
    checkout.dvc("repro", f"{FOLDER}/dvc.yaml:fetch")  # DVC runs it with the code that is here
    assert len(head(checkout)) == 2
    assert "0 recorded, 2 as they were" in checkout.dvc_graph("seal", *given)
    assert head(checkout) == [f"# Recorded at commit {second}"]

    checkout.edit_params({"data.source": "tests/params.smoke.yaml"}, PARAMS)
    said = checkout.dvc_graph("status", *given)
    assert '- data.source was "tests/snippets.tar.gz" and is "tests/params.smoke.yaml": fetch' in said
