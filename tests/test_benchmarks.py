"""The benchmarks that need no experiment run on small models; what they measure is not looked at."""

import inspect
import json

import pandas as pd
import pytest
import yaml

from benchmarks import algorithms, lora_sweep
from lib.statistics.scores import Scores
from scripts.evaluate import evaluate
from scripts.policy import train_policy
from tests.checkout import ROOT
from tests.test_adapters import base, policies  # noqa: F401 (fixtures)


def test_a_sweep_in_one_batch_is_the_same_as_one_after_the_other(policies, tokenizer, monkeypatch, capsys):  # noqa: F811
    sft, *trained = policies
    tokenizer.save_pretrained(sft)
    tokenizer.save_pretrained(sft.parent / "base")
    given = ["--policies", *trained, "--sft", sft, "--lambdas", "3", "--rounds", "1"]
    monkeypatch.setattr("sys.argv", ["lora_sweep", *map(str, given)])
    lora_sweep.main()
    told = json.loads(capsys.readouterr().out)
    for kind in ("probability", "log-probability, nats"):
        assert told["largest differences"][kind] < 1e-5
    assert told["ratio"] > 0


SLOPES = {"rloo": (1.0, 2.0), "grpo": (1.5, 3.0), "ppo": (0.5, 4.0)}  # reward over √KL, and √KL at the end
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())


def path_scores(points: list[dict], reward: str) -> pd.DataFrame:
    """Reward and KL on each point of a path, whose η is the weight of the policy."""
    rows = []
    for one in points:
        slope, end = SLOPES[one["method"]]
        root = end * sum(one["weights"][1:])
        rows += [{**one, "prompt": i, reward: slope * root, "kl": root**2} for i in range(3)]
    return pd.DataFrame(rows).drop(columns=["merge", "weights"])


def test_algorithms_are_compared_on_their_paths_at_equal_kl(monkeypatch, capsys):
    """Up to 4 nats, where RLOO ends, GRPO is ahead by (1.5 − 1) × ⅔ × 2, and PPO behind by as much."""

    def train(**given):
        inspect.signature(train_policy).bind(**given)

    def score(**given):
        inspect.signature(evaluate).bind(**given)
        path_scores(given["points"], *given["reward"]).to_csv(given["scores"], index=False)

    monkeypatch.setattr(algorithms, "train_policy", train)
    monkeypatch.setattr(algorithms, "evaluate", score)
    monkeypatch.setattr("sys.argv", ["algorithms", "--seeds", "1", "2"])
    algorithms.main()
    told = capsys.readouterr().out
    assert "seed 2  ppo" in told
    rows = {line.split("|")[1].strip(): line for line in told.splitlines() if line.startswith("| ")}
    assert "0.66" in rows["grpo"] and "-0.66" in rows["ppo"]


def test_the_table_of_algorithms_worked_by_hand():
    [reward] = algorithms.reward_of(PARAMS)
    points = [
        {"method": method, "mixture": mixture, "merge": "linear", "weights": [1 - eta, eta]}
        for name in SLOPES
        for (method, mixture), eta in algorithms.path_of(PARAMS, name).items()
    ]
    scores = Scores.of(dict.fromkeys((1, 2), path_scores(points, reward)), [reward, "kl"])
    table = algorithms.compared(PARAMS, scores, {name: [1.0, 2.0] for name in SLOPES}).set_index("algorithm")
    assert table["reward"].tolist() == [2, 4.5, 2]
    assert table["KL"].tolist() == [4, 9, 16]
    assert table["reward at equal KL, minus that of rloo"].tolist() == pytest.approx([0, 2 / 3, -2 / 3], abs=0.005)
    assert table.loc["ppo", "seconds a step (min to max)"] == "1.50 (1.00 to 2.00)"
