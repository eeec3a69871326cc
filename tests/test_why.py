"""What made a job stale: the key, the file or the command, by name, and the way from there to what is asked for."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lib.graph.jobs import Graph, graph_of
from lib.graph.stages import DEFAULT_PARAMS
from scripts.dvc_graph import status, why
from tests.checkout import JOBS, Checkout
from tests.test_edits import working_in

SCORES = "results/smoke/scores/rewarded_soups/seed-1.csv"
POLICY = "results/smoke/policy/positivity/seed-1"
NEW = "policy-editorial-0_5-positivity-0_5-1"
VALUES = {
    "a key of its own": ({"evaluation.margin": 0.1}, "warp_claims", "evaluation.margin was 0.05 and is 0.1", ""),
    "a key upstream": (
        {"policy.steps": 5},
        SCORES,
        "policy.steps was 4 and is 5",
        r"policy-\S+ → rewarded_soups_scores-1 \(and so for 4 more\)",
    ),
    "a key in a section": (
        {"rewards.brevity.arguments.words": 7},
        "check_reward-brevity",
        r"rewards.brevity.arguments.words was \d+ and is 7",
        "",
    ),
    "a key of which a job that is new takes what was not recorded": (
        {"rewarded_soups.preferences": [0.25, 0.5, 0.75]},
        SCORES,
        "it was never recorded",
        f"{NEW} → rewarded_soups_scores-1",
    ),
}


@contextmanager
def graph(checkout: Checkout) -> Iterator[Graph]:
    with working_in(checkout), graph_of("Snakefile", DEFAULT_PARAMS) as found:
        yield found


def told(checkout: Checkout, target: str, capsys: pytest.CaptureFixture) -> str:
    with graph(checkout) as found:
        why(found, target)
    return capsys.readouterr().out


@pytest.mark.parametrize("target", ["report", "results/smoke/report.md", POLICY, f"{POLICY}/model.safetensors"])
def test_what_nobody_edited_is_up_to_date(sealed, target, capsys):
    assert re.fullmatch(r"\S+ is up to date\n", told(sealed, target, capsys))


@pytest.mark.parametrize("edit", VALUES)
def test_a_key_is_named_with_both_values(copy_of_sealed, edit, capsys):
    changes, target, difference, way = VALUES[edit]
    copy_of_sealed.edit_params(changes)
    said = told(copy_of_sealed, target, capsys)
    assert re.search(f"^- {difference}\n  {way or target}$", said, re.MULTILINE), said
    assert "Snakemake would run it" in said


def test_each_first_cause_is_named_and_nothing_that_follows_from_it(copy_of_sealed, capsys):
    copy_of_sealed.edit_code("lib/reward_models/best_of_n.py")
    copy_of_sealed.edit_params({"figures.width": 5.0})
    lines = told(copy_of_sealed, "report", capsys).splitlines()
    differences = ["lib/reward_models/best_of_n.py has changed", "figures.width was 6.0 and is 5.0"]
    assert [line for line in lines if line.startswith("- ")] == [f"- {words}" for words in differences]
    assert "best_of_n-main-1 → reward_ensembles_claims-main → report" in lines[2]
    assert "up to date" in told(copy_of_sealed, "rewarded_soups_claims", capsys)


def test_an_edit_of_a_rule_is_a_change_of_the_command(copy_of_sealed, capsys):
    rules = copy_of_sealed.root / "rules/warp.smk"
    rules.write_text(rules.read_text().replace("-m scripts.warp_claims", "-B -m scripts.warp_claims"))
    said = told(copy_of_sealed, "warp_figures", capsys)
    assert re.search(r"^- its command has changed: .*\n  warp_claims → warp_figures$", said, re.MULTILINE), said


@pytest.mark.long
def test_results_that_were_altered_or_are_not_here(copy_of_sealed, capsys):
    (copy_of_sealed.root / "results/smoke/report.md").write_text("mine\n")
    said = told(copy_of_sealed, "report", capsys)
    assert "- results/smoke/report.md is not as it was recorded\n  report\n" in said
    assert "once `make adopt` has told it" in said
    shutil.rmtree(copy_of_sealed.root / "results")
    assert "its results are not here: `dvc pull`" in told(copy_of_sealed, "report", capsys)


@pytest.mark.long
def test_what_only_one_of_both_knows(copy_of_sealed, capsys):
    """Results without what Snakemake remembers of them; and what Snakemake made and nobody has sealed."""
    shutil.move(copy_of_sealed.root / ".snakemake/metadata", copy_of_sealed.root / "metadata")
    assert "which Snakemake does not know: `make adopt` tells it" in told(copy_of_sealed, "report", capsys)
    shutil.move(copy_of_sealed.root / "metadata", copy_of_sealed.root / ".snakemake/metadata")
    copy_of_sealed.edit_code("scripts/warp_figures.py")
    copy_of_sealed.snakemake()
    said = told(copy_of_sealed, "warp_figures", capsys)
    assert "- scripts/warp_figures.py has changed" in said
    assert "Snakemake has made it so: `make seal` records it" in said


@pytest.mark.long
def test_an_unknown_target_is_an_error_that_names_near_ones(sealed):
    said = sealed.dvc_graph("why", "results/smoke/repport.md", fails=True)
    assert "results/smoke/repport.md is no result and no stage of params.yaml. Near it: results/smoke/report.md" in said
    assert "Near it: nothing" in sealed.dvc_graph("why", "@", fails=True)


@pytest.mark.long
def test_status_says_how_many_and_what(copy_of_sealed, capsys):
    with graph(copy_of_sealed) as found:
        status(found)
    assert capsys.readouterr().out == f"{JOBS} of {JOBS} jobs are as recorded; the results of {JOBS} are here\n"
    copy_of_sealed.edit_code("scripts/warp_claims.py")
    Path(copy_of_sealed.root, "results/smoke/report.md").unlink()
    with graph(copy_of_sealed) as found:
        status(found)
    assert capsys.readouterr().out.splitlines() == [
        f"{JOBS - 1} of {JOBS} jobs are as recorded; the results of {JOBS - 1} are here",
        "- scripts/warp_claims.py has changed: warp_claims",
    ]
