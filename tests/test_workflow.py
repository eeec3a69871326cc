"""The graph: what it has, and what an edit makes run again."""

import json
import subprocess
import sys

import pytest

from tests.checkout import ROOT

AFTER_SCORES = {"rewarded_soups_claims", "rewarded_soups_figures", "report"}
SCORES = {"evaluate", "rewarded_soups_scores"}
AFTER_POLICY = SCORES | AFTER_SCORES
AFTER_BASE = {"sft", "soup", "reward", "policy"} | AFTER_POLICY

PARAM_EDITS = [
    ({"policy.steps": 5}, {"policy"} | AFTER_POLICY),
    ({"figures.dpi": 60}, {"rewarded_soups_figures", "report"}),
    ({"evaluation.resamples": 150}, AFTER_SCORES),
    ({"rewarded_soups.weights": [0, 0.4, 1]}, {"rewarded_soups_scores"} | AFTER_SCORES),
    ({"reward_model.epochs": 0.5}, {"reward", "policy"} | AFTER_POLICY),
    ({"policy.anchor": "sft/soup"}, {"policy"} | AFTER_POLICY),
    # two values swapped: Snakemake's own comparison of parameters does not see it
    ({"policy.prompts_per_step": 4, "base.layers": 1}, {"policy"} | AFTER_POLICY),
    ({"base.batch_size": 32, "base.context": 8}, {"base"} | AFTER_BASE),
    ({"rewarded_soups.rewards": ["editorial", "positivity"]}, AFTER_POLICY | {"policy"}),
]
CODE_EDITS = [
    ("lib/merging.py", {"soup", "policy"} | AFTER_POLICY),
    ("lib/figures.py", {"rewarded_soups_figures", "report"}),
    ("scripts/report.py", {"report"}),
    ("scripts/reward.py", {"reward", "policy"} | AFTER_POLICY),
]


def test_an_unchanged_second_run_does_nothing(finished):
    assert finished.would_run() == set()


@pytest.mark.parametrize(("changes", "rules"), PARAM_EDITS, ids=[str(list(changes)) for changes, _ in PARAM_EDITS])
def test_an_edit_of_a_parameter_reruns_what_depends_on_it(copy_of_finished, changes, rules):
    copy_of_finished.edit_params(changes)
    assert copy_of_finished.would_run() == rules


@pytest.mark.parametrize(("file", "rules"), CODE_EDITS, ids=[file for file, _ in CODE_EDITS])
def test_an_edit_of_code_reruns_what_uses_it(copy_of_finished, file, rules):
    path = copy_of_finished.root / file
    path.write_text(path.read_text() + "\n\n# edited\n")
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
    done = copy_of_finished.snakemake("--", model)
    assert done.returncode == 0, done.stdout + done.stderr
    history = json.loads((copy_of_finished.root / f"{model}.json").read_text())["history"]
    assert all("shouting" in entry for entry in history)
    (copy_of_finished.root / "my_rewards.py").write_text("def shouting(prompts, completions, mark):\n    return [0]\n")
    assert copy_of_finished.would_run("--", model) == {"policy"}
    failed = copy_of_finished.snakemake("--", model)
    assert failed.returncode != 0
    assert "error: reward shouting returned 1 values for 4 completions" in failed.stdout + failed.stderr


def test_the_default_experiment_has_the_jobs_of_the_method(finished):
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "-n", "--forceall", "--cores", "1"],
        cwd=finished.root,
        env=finished.environment(),
        capture_output=True,
        text=True,
    )
    counts = dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2 and line[0] != "-")
    assert counts["sft"] == "2"
    assert counts["reward"] == "2"
    assert counts["policy"] == "18"  # 3 experts and 3 preferences, 3 seeds
    assert counts["rewarded_soups_scores"] == "3"


def test_lint_has_nothing_to_say_but_that_no_rule_names_a_container():
    """The environment is the lock file's, for all rules alike."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--lint", "json"], cwd=ROOT, capture_output=True, text=True
    )
    found = json.loads(done.stdout)
    titles = {lint["title"] for part in ("rules", "snakefiles") for each in found[part] for lint in each["lints"]}
    assert titles <= {"Specify a conda environment or container for each rule."}
