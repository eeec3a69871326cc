"""The experiment that moves a robot: its graph, mistakes in its parameters, and all of it with a tiny budget."""

import json
import re
import shutil
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("gymnasium")
pytest.importorskip("mujoco")

from lib.graph.experiment import Experiment
from lib.graph.jobs import graph_of
from lib.graph.parameter_files import raw_parameters
from lib.graph.run_end import ending
from lib.papers.register import problems
from tests.checkout import ROOT, Checkout

PARAMS = Path("experiments/locomotion/params.yaml")
SMOKE = "tests/params.control.smoke.yaml"
MODEL = ["--export", "models/none"]
FOR_LANGUAGE_MODELS = [
    ("export", ["--mixture", "risky", *MODEL]),
    ("choose", ["--best", "risky", *MODEL]),
    ("serve", []),
    ("forecast", []),
]
WRONG = [
    ({"policy.stepz": 3}, "policy.stepz", "did you mean steps?"),
    ({"salsa": {}}, "salsa", "there is no such key here"),
    ({"sft": {}}, "sft", "there is no such key here"),
    ({"base.environment": "Humanoid-v5"}, "base.environment", "is not one of HalfCheetah-v5"),
    ({"base.reward": "risky=0.5+calm=0.5"}, "base.reward", "must be written"),
    ({"base.reward": "calm"}, "base.reward", "'calm' is not one of the rewards"),
    ({"base.ppo.minibatch": 333}, "base.ppo.minibatch", "4000 steps of the simulation is no multiple"),
    ({"rewards.calm": {"label": "rating"}}, "rewards.calm", "simulated"),
    ({"rewards.calm": {"simulated": {"height": 1}}}, "rewards.calm.simulated.height", "velocity, effort"),
    ({"warp.reward": "calm"}, "warp.reward", "'calm' is not one of the rewards"),
]


def parameters(changes: dict) -> dict:
    """The experiment's, with some keys changed."""
    config = raw_parameters(ROOT / PARAMS)
    for key, value in changes.items():
        *way, last = key.split(".")
        section = config
        for part in way:
            section[part] = dict(section[part])
            section = section[part]
        section[last] = value
    return config


def test_its_parameters_are_right():
    assert list(problems(Experiment(parameters({}), ROOT, [PARAMS]))) == []


@pytest.mark.parametrize(("changes", "key", "words"), WRONG, ids=[key for _, key, _ in WRONG])
def test_mistakes_are_told_by_their_key(changes, key, words):
    found = dict(problems(Experiment(parameters(changes), ROOT, [PARAMS])))
    assert words in found[key]


def test_the_graph_has_the_rules_of_texts_and_no_texts(monkeypatch):
    monkeypatch.chdir(ROOT)
    with graph_of("Snakefile", PARAMS) as graph:
        rules, inputs = Counter(job.rule.name for job in graph.jobs), {path for job in graph.jobs for path in job.input}
    seeds, mixtures, iterations = 10, 5, 2
    assert rules["base"] == 1 and rules["policy"] == mixtures * seeds and rules["warp_merge"] == 2 * iterations * seeds
    assert {"rewarded_soups_scores", "rewarded_soups_others", "warp_scores", "page", "report"} < set(rules)
    assert not {"snippets", "fits", "sft", "soup", "gold"} & set(rules)
    assert "scripts/control_policy.py" in inputs and "scripts/policy.py" not in inputs


def test_at_the_end_of_a_run_only_what_there_is_for_a_robot_is_suggested(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = tmp_path / "results/locomotion"
    results.mkdir(parents=True)
    (results / "claims.csv").write_text("primary,verdict\nTrue,holds\n")
    said = ending(Experiment(parameters({}), tmp_path, [PARAMS]), {"results/locomotion/front.html"})
    assert said.splitlines()[-1] == 'next: make choose EXPERIMENT=locomotion WHERE="risky >= 0" BEST=cautious'


@pytest.mark.parametrize(("script", "options"), FOR_LANGUAGE_MODELS)
def test_what_is_for_language_models_alone_says_so(script, options, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", [script, "--params", str(PARAMS), *options])
    with pytest.raises(SystemExit, match=r"^error: (export|serve|forecast): it is for language models alone; [^\n]+$"):
        import_module(f"scripts.{script}").main()


def test_a_forecast_is_refused_before_anything_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    with (
        pytest.raises(SystemExit, match=r"^forecast: it is for language models alone"),
        graph_of("Snakefile", PARAMS, ["fits"]),
    ):
        pass


@pytest.mark.long
def test_all_of_it_runs_to_the_page(tmp_path):
    checkout = Checkout.at(tmp_path / "checkout")
    shutil.copytree(ROOT / PARAMS.parent, checkout.root / PARAMS.parent)
    checkout.snakemake("--configfile", str(PARAMS), SMOKE)
    results = checkout.root / "results/walk"
    data = re.search(r'id="data">(.*)</script>', (results / "front.html").read_text())[1]
    [chooser] = [block for block in json.loads(data)["tabs"][0]["blocks"] if block["kind"] == "chooser"]
    assert chooser["prompts"] == [f"start {i}" for i in range(4)]
    assert all(len(point["frames"]) == 2 for point in chooser["points"].values())
    claims = set(pd.read_csv(results / "claims.csv")["claim"])
    assert {"RS-1", "RS-2", "RS-4", "W-1", "W-3", "W-5"} <= claims
    released = pd.read_csv(results / "rewarded_soups/released.csv")
    assert set(released["of"]) == {"here", "the authors"}
    assert "Beside the authors' locomotion" in (results / "report.md").read_text()
    model = results / "rewarded_soups/model/seed-1/cautious=0.5+risky=0.5"
    checkout.snakemake("--configfile", str(PARAMS), SMOKE, "--", str(model.relative_to(checkout.root)))
    frozen = (results / "base/frozen.json").read_bytes()
    assert (model / "frozen.json").read_bytes() == frozen
