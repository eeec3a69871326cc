import json

import pytest

from lib.jobs.checkpoints import Checkpoints
from scripts.reward import train_reward

TEXTS = ["the sea was calm", "a wild night by the sea", "cold days and wild nights", "a calm day"]


@pytest.fixture
def gradients(tmp_path, llama, tokenizer, monkeypatch):
    """Trains a reward model in a few steps of a batch that is parted; the norms of the gradients."""
    for one in (llama, tokenizer):
        one.save_pretrained(tmp_path / "base")
    rows = [
        {"text": f"{text} {i}", "split": split, "rating": i % 5}
        for split in ("train", "validation")
        for i in range(8)
        for text in TEXTS
    ]
    (tmp_path / "snippets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = {"label": "rating", "epochs": 1, "batch_size": 8, "learning_rate": 0.01, "seed": 1}
    settings |= {"warmup_steps": 50, "clip_norm": 1.0}
    settings |= {"lora": None, "compute": {"device": "cpu", "precision": "float32"}}

    def train(parts):
        trainers = []

        def look_on(trainer, entries):
            trainer.args.logging_steps = 1
            trainers.append(trainer)

        monkeypatch.setattr("scripts.reward.print_progress", look_on)
        made = [tmp_path / f"{name}-{parts}" for name in ("model", "report")]
        checkpoints = Checkpoints(tmp_path / f"checkpoints-{parts}", 50, job=None, made_of={})
        train_reward(tmp_path / "base", tmp_path / "snippets.jsonl", *made, checkpoints, parts=parts, **settings)
        return [entry["grad_norm"] for entry in trainers[0].state.log_history if "grad_norm" in entry]

    return train


def test_a_batch_in_parts_has_the_gradient_of_the_whole(gradients):
    assert gradients(4) == pytest.approx(gradients(1), rel=1e-3)
