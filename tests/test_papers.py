"""Papers are optional: what the parameters have no section of is neither required, planned, reported nor drawn."""

import json
import re

import pytest
import yaml

from lib.graph.jobs import graph_of
from lib.graph.stages import DEFAULT_PARAMS
from tests.checkout import SMOKED, Checkout
from tests.test_edits import working_in

HEADINGS = {
    "rewarded_soups": "Rewarded Soups",
    "warp": "WARP",
    "salsa": "SALSA",
    "reward_ensembles": "Reward ensembles",
}
ONE_REWARD = {"rewards.editorial": None, "rewards.brevity": None, "rewarded_soups": None, "reward_ensembles": None}


def planned(checkout: Checkout) -> set[str]:
    """The rules that the default target needs."""
    with working_in(checkout), graph_of("Snakefile", DEFAULT_PARAMS) as graph:
        return {job.rule.name for job in graph.jobs}


def told(checkout: Checkout) -> tuple[str, dict]:
    """The report and its main numbers, made anew."""
    checkout.snakemake()
    results = checkout.root / "results/smoke"
    return (results / "report.md").read_text(), json.loads((results / "metrics.json").read_text())


@pytest.mark.parametrize("paper", [*SMOKED[:2], *(pytest.param(paper, marks=pytest.mark.long) for paper in SMOKED[2:])])
def test_an_experiment_without_a_paper(copy_of_finished, paper):
    copy_of_finished.edit_params({paper: None})
    of_paper = {rule for rule in planned(copy_of_finished) if rule.startswith(paper)}
    assert of_paper == set()
    report, numbers = told(copy_of_finished)
    assert [name for name, heading in HEADINGS.items() if f"\n## {heading}" in report] == [
        name for name in SMOKED if name != paper
    ]
    assert paper.replace("_", " ") not in numbers


@pytest.mark.long
def test_two_rewards_are_enough_for_rewarded_soups(copy_of_finished):
    """Without three rewards, nothing is said of three."""
    copy_of_finished.edit_params(
        {"rewards.brevity": None, "rewarded_soups.simplex_rewards": None, "warp": None, "salsa": None}
        | {"reward_ensembles": None}
    )
    (copy_of_finished.root / "results/smoke/rewarded_soups/balance.csv").unlink()
    made = copy_of_finished.would_make()
    assert not {"policy", "proxy", "warp_policy"} & made.keys()  # the experts are those that are there
    report, _ = told(copy_of_finished)
    assert "### RS-5" not in report
    assert re.search(r"^\| RS-5 .*\| not testable here: no three rewards", report, re.MULTILINE)
    assert not (copy_of_finished.root / "results/smoke/rewarded_soups/balance.csv").exists()
    figures = {path.stem for path in (copy_of_finished.root / "results/smoke/rewarded_soups/figures").glob("*.png")}
    assert figures == {"front", "chord", "others"}


@pytest.mark.long
@pytest.mark.parametrize(("paper", "other"), [("warp", "salsa"), ("salsa", "warp")])
def test_one_reward_is_enough_for(copy_of_finished, paper, other):
    copy_of_finished.edit_params(ONE_REWARD | {other: None})
    report, numbers = told(copy_of_finished)
    assert f"\n## {HEADINGS[paper]}" in report
    assert paper in numbers
    assert list(numbers["agreement"]) == ["positivity", "gold"]


def test_an_ensemble_as_a_reward_needs_the_section_that_says_how_it_is_trained(copy_of_finished):
    copy_of_finished.edit_params({"rewards.cautious": {"ensemble": "heads"}, "reward_ensembles": None})
    output = copy_of_finished.snakemake("-n", fails=True)
    assert "params.yaml: rewards.cautious.ensemble: its proxies need the section reward_ensembles" in output


def test_the_default_parameters_name_the_papers_in_the_order_of_the_report(finished):
    sections = list(yaml.safe_load((finished.root / "params.yaml").read_text()))
    assert [section for section in sections if section in SMOKED] == SMOKED
