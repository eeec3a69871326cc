"""The benchmarks that need no experiment run on small models; what they measure is not looked at."""

import inspect
import json

import pandas as pd
import pytest
import torch
import yaml
from transformers import AutoModelForCausalLM

from benchmarks import algorithms, lora_sweep, roofline
from benchmarks.work.gguf_file import write_gguf
from benchmarks.work.watch import KINDS, flops_a_step, profile_of
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


LORA = {"rank": 2, "alpha": 2, "modules": ["q_proj", "v_proj"]}
SMALLER = {"batch_size": 4, "prompts_per_step": 2, "max_new_tokens": 2}
TEXTS = {"train": "the sea was calm", "validation": "cold days and wild", "test": "a calm day by"}


@pytest.fixture
def experiment(tmp_path, monkeypatch, llama, tokenizer):
    """The parameters of an experiment in the current directory that has a base model and texts."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    for section in params.values():
        if isinstance(section, dict):
            section |= {key: value for key, value in SMALLER.items() if key in section}
    results = tmp_path / "results" / params["experiment"]
    for model in (llama, tokenizer):
        model.save_pretrained(results / "base")
    (results / "data").mkdir()
    rows = [
        {"text": f"{text}{' and cold' * (i % 3)} the sea", "domain": "movie", "rating": i % 5, "split": split}
        for split, text in TEXTS.items()
        for i in range(20)
    ]
    (results / "data/snippets.jsonl").write_text("\n".join(map(json.dumps, rows)))
    monkeypatch.chdir(tmp_path)
    return params


@pytest.mark.long
@pytest.mark.parametrize("lora", [None, LORA])
def test_each_kind_of_work_is_measured(experiment, lora, tmp_path, monkeypatch):
    """By this project and by hand; by others, too, which are not looked at."""
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(experiment | {"lora": lora}))
    monkeypatch.setattr("sys.argv", ["roofline", "--to", "docs", "--rounds", "1", "--steps", "2", "--prompts", "2"])
    roofline.main()
    rows = [line.split("|")[1:-1] for line in (tmp_path / "docs/nano.md").read_text().splitlines() if line[:1] == "|"]
    works = [[cell.strip() for cell in row] for row in rows if len(row) == 7]
    measured = [row for row in works if row[1] in (roofline.OURS, "by hand")]
    trainings = [work for work in roofline.TRAININGS for _ in range(2)]
    assert [row[0] for row in measured] == [*trainings, "scoring five soups", "sampling"]
    assert all(float(row[2]) > 0 for row in measured)


def test_operations_of_a_step_counted_by_hand():
    """Two steps of 3 × 4 by 4 × 5, a step with attention of 2 texts, 3 heads, 8 tokens, size 4, and its gradient."""

    def products(watch):
        with watch:
            for _ in range(2):
                torch.ones(3, 4) @ torch.ones(4, 5)
                watch.steps += 1

    def attention(watch):
        query, key, value = (torch.ones(2, 3, 8, 4, requires_grad=True) for _ in range(3))
        with watch:
            torch.nn.functional.scaled_dot_product_attention(query, key, value).sum().backward()
        watch.steps = 1

    assert flops_a_step(products) == 2 * 3 * 4 * 5
    product = 2 * 2 * 3 * 8 * 8 * 4  # Q Kᵀ, or weights by V
    assert flops_a_step(attention) == 2 * product + 5 * product


def test_a_profile_is_of_all_kinds_and_of_the_whole_time():
    weight = torch.nn.Parameter(torch.ones(64, 64))
    optimizer = torch.optim.AdamW([weight])

    def work(watch):
        with watch:
            torch.softmax(torch.ones(64, 64) @ weight, -1).square().sum().backward()
            optimizer.step()
        watch.steps = 1

    seconds = profile_of(work)
    assert list(seconds) == list(KINDS)
    assert seconds["attention"] == 0
    assert all(seconds[kind] > 0 for kind in KINDS if kind != "attention")


def test_a_model_for_llama_cpp_has_all_weights(llama, tmp_path):
    write_gguf(llama, tmp_path / "model.gguf")
    read = AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file="model.gguf", dtype=torch.float32)
    ids = torch.tensor([[3, 4, 5, 6]])
    assert torch.allclose(read(ids).logits, llama(ids).logits, atol=1e-5)
