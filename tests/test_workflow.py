"""The graph: what it has, and what a user can add to it."""

import json
import re
import subprocess

import psutil
import pytest
import yaml
from safetensors.torch import load_file

from lib.graph.stages import DEFAULT_PARAMS
from scripts.forecast import forecast
from tests.checkout import ROOT, Checkout
from tests.test_edits import working_in

SHARED = [{"alpha": 1, "beta": 0.05}, {"alpha": 0.5, "beta": 0.05}]


@pytest.mark.long
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
    assert copy_of_finished.would_make("--", model).keys() == {"check_reward", "policy"}
    output = copy_of_finished.snakemake("--", model, fails=True)
    assert (
        "failed: check_reward (reward=shouting): error: rewards.shouting: it returned 1 values for 3 completions"
        in output
    )


PAGE = {"page"}  # which shows the command that makes a model, with the files of parameters


def test_a_second_file_is_laid_over_the_first(copy_of_finished):
    assert copy_of_finished.would_make("--configfile", "params.yaml", "tests/params.smoke.yaml").keys() == PAGE
    (copy_of_finished.root / "other.yaml").write_text("figures: {dpi: 60}\n")
    figures = {f"{paper}_figures" for paper in ("rewarded_soups", "warp", "salsa", "reward_ensembles")} | {"report"}
    assert copy_of_finished.would_make("--configfile", "params.yaml", "other.yaml").keys() == figures | PAGE


def test_other_numbers_of_policies_and_iterations(copy_of_finished):
    """All M share the first iteration's policies, so that another M trains what it adds and no more."""
    policy = "results/smoke/warp/M-{}/iteration-{}/policy-{}/seed-1"
    copy_of_finished.edit_params({"warp.policies": [3, 1, 2]})
    made = copy_of_finished.would_make()["warp_policy"]
    assert {path for path in made if not path.endswith(".json") and "/variation/" not in path} == {
        policy.format("all", 1, 3),
        *(policy.format(3, 2, number) for number in (1, 2, 3)),
    }
    copy_of_finished.edit_params({"warp.iterations": 1, "warp.policies": [2], "warp.fixed_betas": [0, 1.0e-5]})
    made = copy_of_finished.would_make()
    assert "warp_policy" not in made
    fixed = {path for path in made["warp_fixed"] if not path.endswith(".json")}
    assert fixed == {f"results/smoke/warp/fixed/beta-{beta}/seed-1" for beta in ("0", "1e-05")}


@pytest.mark.long
@pytest.mark.parametrize("algorithm", ["grpo", "gdpo", "ppo"])
def test_another_algorithm(copy_of_finished, algorithm):
    """A step is a batch of completions for all of them."""
    model = copy_of_finished.root / "results/smoke/policy/positivity/seed-1"
    history = model.with_name("seed-1.json")
    before, old = model.joinpath("model.safetensors").read_bytes(), json.loads(history.read_text())
    copy_of_finished.edit_params({"policy.algorithm": algorithm})
    copy_of_finished.snakemake("--", "results/smoke/policy/positivity/seed-1")
    new = json.loads(history.read_text())
    assert new["kl_to_anchor"] == f"{ {'ppo': 'log_ratio'}.get(algorithm, 'k3') }, nats per completion"
    assert [entry["step"] for entry in new["history"]] == [1, 2, 3, 4]
    assert new["history"][0]["positivity"] == old["history"][0]["positivity"]  # of the same completions
    saved = load_file(model / "model.safetensors")
    assert model.joinpath("model.safetensors").read_bytes() != before
    assert not [name for name in saved if "value" in name]


def test_the_part_of_one_paper_is_a_target(copy_of_finished):
    copy_of_finished.edit_params({"warp.eta": 0.4, "salsa.pairs": [[policy | {"beta": 0.06} for policy in SHARED]]})
    made = copy_of_finished.would_make("--", "warp_evidence").keys()
    assert "warp_claims" in made and not {name for name in made if name.startswith(("salsa", "report", "claims"))}


def test_pairs_may_come_twice_and_bring_no_policy_of_their_own(copy_of_finished):
    pair = [{"alpha": 0.5, "beta": 0.05}, {"alpha": 1, "beta": 0.05}]
    again = [{"alpha": 0.5, "beta": 0.05, "start": "sft"}, pair[1]]
    copy_of_finished.edit_params({"salsa.pairs": [pair, again], "salsa.more_pairs": [pair[::-1]]})
    made = copy_of_finished.would_make("--", "salsa")
    assert "salsa_policy" not in made
    assert not [path for path in made["salsa_scores"] if "/more/" in path]
    tables = {f"{name}.csv" for name in ("policies", "comparisons", "soup", "spread")}
    assert made["salsa_claims"] == {f"results/smoke/salsa/more/{name}" for name in tables | {"evidence"}}


def test_a_pair_that_is_asked_for_is_trained(copy_of_finished):
    """The reference is the soup, and so is the start if that is said; what is there already is shared."""
    asked = [{"alpha": 0.25, "beta": 0.02, "start": "soup"}, {"alpha": 0, "beta": 0}], SHARED
    copy_of_finished.edit_params({"salsa.pairs": asked})
    output = copy_of_finished.snakemake("-n", "-p")
    trained = re.findall(r"-m scripts\.policy (.*?) --snippets .*?--model (\S+)", output)
    folder = "results/smoke/salsa/{}".format
    start, sft = folder("reference/alpha-0.25"), "--start results/smoke/sft/1"
    of_kl = "--sft results/smoke/sft/1"
    assert {model: given for given, model in trained} == {
        folder("policy/start-soup/alpha-0.25/beta-0.02/seed-1"): f"--start {start} --anchor {start} {of_kl}",
        folder("policy/start-sft/alpha-0/beta-0/seed-1"): f"{sft} --anchor results/smoke/sft/2 {of_kl}",
    }


def test_the_default_experiment_has_the_jobs_of_the_method():
    output = Checkout(ROOT).snakemake("-n", "--forceall")
    rows = (line.split() for line in output.splitlines() if line[:1].isalpha())
    counts = {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}
    seeds = len(yaml.safe_load((ROOT / DEFAULT_PARAMS).read_text())["seeds"])
    assert counts["sft"] == counts["reward"] == 2
    assert counts["policy"] == 6 * seeds  # 3 experts and 3 preferences
    assert counts["rewarded_soups_scores"] == seeds
    assert counts["salsa_policy"] == 2 * seeds  # with the soup and with θ_sft1 as the reference
    assert counts["proxy"] == 2 * seeds  # one model and three heads
    assert counts["reward_ensembles_policy"] == 3 * seeds


def test_lint_has_nothing_to_say_but_that_no_rule_names_a_container():
    """The environment is the lock file's, for all rules alike."""
    output = Checkout(ROOT).snakemake("--lint", fails=True)
    found = set(re.findall(r"^ {4}\* (.*):$", output, re.MULTILINE))
    assert found == {"Specify a conda environment or container for each rule."}


def test_what_is_still_to_be_done_is_told_beforehand(copy_of_finished, capsys):
    with working_in(copy_of_finished):
        forecast(DEFAULT_PARAMS, cores=2)
        assert capsys.readouterr().out == "nothing is to be done\n"
        copy_of_finished.edit_params({"policy.algorithm": "ppo"})
        forecast(DEFAULT_PARAMS, cores=2)
    table = capsys.readouterr().out
    assert re.search(r"^\| RL +\| +19 \| +69 \|", table, re.MULTILINE)
    assert re.search(r"^\d+ jobs, about \d+\.\d hours on 2 cores$", table, re.MULTILINE)


@pytest.mark.long
def test_a_job_that_uses_a_gpu_is_tried_again_and_asks_for_more_memory(copy_of_finished):
    """Here it fails each time, for there is no GPU."""
    copy_of_finished.edit_params({"compute.device": "cuda"})
    output = copy_of_finished.snakemake("--resources", "gpu=1", "--", "results/smoke/sft/1", fails=True)
    assert "error: compute.device: there is no GPU that PyTorch can use here" in output
    told = copy_of_finished.complete_log()
    asked = re.findall(r"^localrule sft:(?:\n {4}.*)*?\n {4}resources:.* gpu=1,.* mem_mb=(\d+)", told, re.MULTILINE)
    assert len(asked) == 3 and [int(memory) for memory in asked] == [int(asked[0]) * attempt for attempt in (1, 2, 3)]


def test_snakemake_keeps_no_timer_for_each_job_that_has_ended(copy_of_finished):
    """By its own default it does while jobs are ready, and looks for jobs to start once a second for each of them."""
    many = "rule one:\n    output: 'results/one/{number}'\n    shell: 'touch {output}'\n"
    (copy_of_finished.root / "many.smk").write_text(f"include: 'Snakefile'\n{many}")
    process = psutil.Popen(
        copy_of_finished.command("--snakefile", "many.smk", "--", *(f"results/one/{number}" for number in range(30))),
        cwd=copy_of_finished.root,
        env=copy_of_finished.environment(),
        stderr=subprocess.PIPE,
    )
    threads = [process.num_threads() for line in process.stderr if re.match(rb"\d+ of 30: ", line)]
    assert process.wait() == 0
    assert len(threads) == 30
    assert max(threads[:-1]) < 15
