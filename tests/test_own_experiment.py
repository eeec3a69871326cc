"""A model, prompts and rewards of one's own, with LoRA, through the graph: a directory, JSON lines, classifiers."""

import json

import pandas as pd
import pytest
import torch
from transformers import LlamaForSequenceClassification

from lib.models.lora_on_disk import base_of, is_adapter, read_factors
from tests.checkout import Checkout

pytestmark = pytest.mark.long
CLASSIFIER = {"weights": [1], "inputs": ["{prompt}{completion}"]}
CHANGES = {
    "experiment": "own",
    "lora": {"rank": 2, "alpha": 4, "modules": ["q_proj", "v_proj"]},
    "data": {
        "source": "own/prompts.jsonl",
        "split": "train",
        "rows": {
            "function": "lib.examples:from_template",
            "arguments": {"prompt": "{question}", "completion": " {answer}"},
        },
        "labels": [],
        "held_out": 0.2,
        "prompt_words": None,
        "left_out": None,
    },
    "base": {"source": "own/model", "parameters": 1.0e4},
    "rewards": {
        "positivity": {"classifier": "own/reward"} | CLASSIFIER,
        "editorial": {"function": "lib.rewards:grounded"},
        "brevity": {"function": "lib.rewards:brevity", "arguments": {"words": 6}},
    },
    "gold": {"classifier": "own/judge"} | CLASSIFIER,
    "sft.texts": 40,
    "warp.averages": [],
    "evaluation.prompts": 8,
}
RESULTS = "results/own"


@pytest.fixture(scope="module")
def made(tmp_path_factory, tokenizer) -> Checkout:
    """A checkout with such an experiment, of which SFT, a few policies and a merge are made."""
    from lib.models.language_models import new_llama

    checkout = Checkout.at(tmp_path_factory.mktemp("own") / "repository")
    own = checkout.root / "own"
    settings = {"hidden_size": 16, "layers": 2, "heads": 2, "context": 64}
    model = new_llama(tokenizer, **settings, seed=0).bfloat16()
    model.save_pretrained(own / "model")
    for seed, name in enumerate(("reward", "judge")):
        torch.manual_seed(seed)
        model.config.num_labels = 1
        LlamaForSequenceClassification(model.config).float().save_pretrained(own / name)
    for name in ("model", "reward", "judge"):
        tokenizer.save_pretrained(own / name)
    rows = [{"question": f"the sea of day {i}", "answer": f"was calm and cold on day {i}"} for i in range(120)]
    (own / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    checkout.edit_params({key: value for key, value in CHANGES.items() if value is not None})
    checkout.snakemake("--", f"{RESULTS}/factor_average.csv", f"{RESULTS}/scores/sft/seed-1.csv", END)
    return checkout


END = f"{RESULTS}/warp/M-2/iteration-1/end/seed-1"


def test_policies_are_factors_on_the_given_model(made):
    start, policy = made.root / RESULTS / "sft/1", made.root / RESULTS / "policy/positivity/seed-1"
    assert is_adapter(start) and is_adapter(policy) and is_adapter(made.root / END)
    assert str(base_of(policy)) == f"{RESULTS}/base"
    ranks = [{len(a) for a, _ in read_factors(place).values()} for place in (start, policy, made.root / END)]
    assert ranks == [{2}, {4}, {6}]  # θ_sft; with a policy's; with those of both that were merged


def test_every_split_has_prompts_of_its_own(made):
    table = pd.read_json(made.root / RESULTS / "data/snippets.jsonl", lines=True)
    assert table.groupby("prompt")["split"].nunique().max() == 1 and len(table) == 120


def test_all_rewards_and_the_judge_score_the_sft_models(made):
    table = pd.read_csv(made.root / RESULTS / "scores/sft/seed-1.csv")
    assert {"positivity", "editorial", "brevity", "gold", "kl", "tokens", "words"} <= set(table.columns)
    assert table["bits_per_byte"].gt(0).all()
    assert table.groupby("mixture").size().tolist() == [8, 8, 8]
    assert table.set_index("mixture").loc["sft/1", "kl"].abs().max() < 1e-5
    assert table["positivity"].nunique() == 8 and (table["positivity"] != table["gold"]).any()


def test_an_average_of_factors_is_off(made):
    table = pd.read_csv(made.root / RESULTS / "factor_average.csv").set_index(["pair", "weight"])["error"]
    for _, of_pair in table.groupby("pair"):
        assert of_pair.iloc[[0, -1]].max() < 1e-4 < of_pair.loc[:, 0.5].item()
