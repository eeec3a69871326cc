"""The graph: what it has, and what an edit makes run again."""

import json
import re

import pytest

from tests.checkout import ROOT, Checkout

CLAIMS = {"rewarded_soups_claims", "rewarded_soups_figures", "report"}
SCORES = {"rewarded_soups_scores"} | CLAIMS
POLICY = {"policy"} | SCORES
REWARD = {"reward", "evaluate"} | POLICY
BASE = {"base", "sft", "soup"} | REWARD

PARAM_EDITS = [
    ({"policy.steps": 5}, POLICY),
    ({"figures.dpi": 60}, {"rewarded_soups_figures", "report"}),
    ({"evaluation.resamples": 150}, CLAIMS),
    ({"rewarded_soups.weights": [0, 0.4, 1]}, SCORES),
    ({"reward_model.epochs": 0.5}, REWARD),
    ({"policy.anchor": "sft/soup"}, POLICY),
    ({"rewarded_soups.rewards": ["editorial", "positivity"]}, SCORES),
    # two values swapped, which Snakemake's own comparison of parameters does not see
    ({"base.batch_size": 32, "base.context": 8}, BASE),
]
CODE_EDITS = [
    ("lib/merging.py", {"soup", "evaluate"} | SCORES),
    ("lib/figures.py", {"rewarded_soups_figures", "report"}),
    ("scripts/report.py", {"report"}),
    ("scripts/reward.py", REWARD),
]


def test_an_unchanged_second_run_does_nothing(finished):
    assert finished.would_run() == set()


@pytest.mark.parametrize(("changes", "rules"), PARAM_EDITS, ids=[str(list(changes)) for changes, _ in PARAM_EDITS])
def test_an_edit_of_a_parameter_reruns_what_depends_on_it(copy_of_finished, changes, rules):
    copy_of_finished.edit_params(changes)
    assert copy_of_finished.would_run() == rules


@pytest.mark.parametrize(("file", "rules"), CODE_EDITS, ids=[file for file, _ in CODE_EDITS])
def test_an_edit_of_code_reruns_what_uses_it(copy_of_finished, file, rules):
    copy_of_finished.edit_code(file)
    assert copy_of_finished.would_run() == rules


def test_a_reward_added_by_the_user_is_trained_on(copy_of_finished):
    (copy_of_finished.root / "my_rewards.py").write_text(
        "def shouting(prompts, completions, mark):\n    return [text.count(mark) for text in completions]\n"
    )
    copy_of_finished.edit_params(
        {
            "rewards.shouting": {"function": "my_rewards:shouting", "arguments": {"mark": "!"}},
            "rewarded_soups.simplex_rewards": ["positivity", "editorial", "shouting"],
        }
    )
    model = "results/smoke/policy/shouting/seed-1"
    copy_of_finished.snakemake("--", model)
    history = json.loads((copy_of_finished.root / f"{model}.json").read_text())["history"]
    assert [entry["step"] for entry in history] == [1, 2, 3, 4]
    assert all("shouting" in entry for entry in history)
    (copy_of_finished.root / "my_rewards.py").write_text("def shouting(prompts, completions, mark):\n    return [0]\n")
    assert copy_of_finished.would_run("--", model) == {"policy"}
    output = copy_of_finished.snakemake("--", model, fails=True)
    assert "error: reward shouting returned 1 values for 4 completions" in output


def test_another_file_is_laid_over_the_parameters(copy_of_finished):
    assert copy_of_finished.would_run("--configfile", "tests/params.smoke.yaml") == set()
    (copy_of_finished.root / "other.yaml").write_text("figures: {dpi: 60}\n")
    assert copy_of_finished.would_run("--configfile", "other.yaml") == {"rewarded_soups_figures", "report"}


def test_the_default_experiment_has_the_jobs_of_the_method():
    output = Checkout(ROOT).snakemake("-n", "--forceall")
    counts = dict(line.split() for line in output.splitlines() if len(line.split()) == 2 and line[0] != "-")
    assert counts["sft"] == "2"
    assert counts["reward"] == "2"
    assert counts["policy"] == "12"  # 3 experts and 3 preferences, 2 seeds
    assert counts["rewarded_soups_scores"] == "2"


def test_lint_has_nothing_to_say_but_that_no_rule_names_a_container():
    """The environment is the lock file's, for all rules alike."""
    output = Checkout(ROOT).snakemake("--lint", fails=True)
    found = set(re.findall(r"^ {4}\* (.*):$", output, re.MULTILINE))
    assert found == {"Specify a conda environment or container for each rule."}
