import json

import pandas as pd
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from lib.jobs.checkpoints import Checkpoints
from lib.reward_models.ensembles import TrainedClassifier
from scripts.proxy import train_proxy

CALM = ["the sea was calm", "a calm day by the sea", "a calm day", "the day was calm"]
WILD = ["the sea was wild", "a wild night by the sea", "a wild night", "the night was wild"]


@pytest.fixture
def trained(tmp_path, llama, tokenizer):
    """Trains a proxy on pairs of which the gold reward always prefers the calm one, first or second."""
    for one in (llama, tokenizer):
        one.save_pretrained(tmp_path / "base")
    pairs = [
        {"split": split, "first": first, "second": second, "gold_first": gold, "gold_second": 0, "draw": 0.5}
        for split in ("train", "validation")
        for calm, wild in zip(CALM, WILD)
        for first, second, gold in ((calm, wild, 1), (wild, calm, -1))
    ]
    texts = [{"text": text, "split": "validation", "rating": i} for i, text in enumerate(WILD + CALM)]
    for name, rows in {"preferences": pairs, "snippets": texts}.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = {"heads": 2, "frozen": False, "bootstrap": False, "flipped": 0.25, "seed": 1}
    settings |= {"label": "rating", "epochs": 20, "batch_size": 4, "parts": 1, "learning_rate": 0.01}
    settings |= {"warmup_steps": 20, "clip_norm": 0, "lora": None, "compute": {"device": "cpu", "precision": "float32"}}

    def train(**changed):
        given = [tmp_path / name for name in ("base", "preferences.jsonl", "snippets.jsonl")]
        made = [tmp_path / name for name in ("model", "report.json", "held_out.csv")]
        checkpoints = Checkpoints(tmp_path / "checkpoints", 50, job=changed, made_of={})
        train_proxy(*given, *made, checkpoints, **settings | changed)
        model, report, held_out = made
        return model, json.loads(report.read_text()), pd.read_csv(held_out)

    return train


def test_each_head_prefers_what_the_labels_prefer(trained):
    model, report, held_out = trained()
    assert held_out["label"].tolist() == [True, False] * 4
    for head in ("margin_0", "margin_1"):
        assert ((held_out[head] > 0) == held_out["label"]).all()
    assert report["accuracy by gold"] == [1, 1]
    assert min(report["agreement with people"]) > 0.5
    outputs = TrainedClassifier(model)(CALM + WILD)
    assert outputs.mean(0).tolist() == pytest.approx([0, 0], abs=1e-5)
    assert outputs.std(0).tolist() == pytest.approx([1, 1], abs=0.05)  # each of these texts is told of twice


def test_wrong_labels_are_learned_as_they_are(trained):
    _, report, held_out = trained(flipped=1)
    assert held_out["label"].tolist() == [False, True] * 4
    assert report["accuracy by gold"] == [0, 0]


def test_the_encoder_is_trained_or_stays_as_it_is(trained, llama):
    for frozen in (True, False):
        model, _, _ = trained(frozen=frozen)
        encoder = AutoModelForSequenceClassification.from_pretrained(model).base_model.state_dict()
        same = [torch.equal(tensor, encoder[name]) for name, tensor in llama.model.state_dict().items()]
        assert all(same) == frozen


def test_bootstrap_weights_make_another_proxy(trained):
    margins = [trained(bootstrap=bootstrap)[2]["margin_0"].tolist() for bootstrap in (False, True)]
    assert margins[0] != margins[1]
