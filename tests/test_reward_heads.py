import math

import pytest
import torch
from datasets import Dataset
from transformers import AutoModelForSequenceClassification
from trl import RewardConfig

from lib.machine.compute import CPU
from lib.reward_models.ensembles import outputs
from lib.reward_models.heads import RewardHeads, bootstrap_weights, bradley_terry
from lib.training.settings import shared

GOOD, BAD = ["the sea was calm", "a calm day"], ["cold and wild nights", "wild days"]


def test_the_losses_of_the_heads_are_summed():
    """−log σ(0) = log 2 for each pair and head; margins of log 3 are −log ¾."""
    nothing = torch.zeros(4, 3)
    assert bradley_terry(nothing, nothing, torch.ones(4, 3)).item() == pytest.approx(3 * math.log(2))
    chosen = torch.tensor([[math.log(3), 0.0], [math.log(3), 0.0]])
    weights = torch.tensor([[1.0, 0.0], [1.0, 2.0]])
    loss = bradley_terry(chosen, torch.zeros(2, 2), weights)
    assert loss.item() == pytest.approx(-math.log(0.75) + math.log(2))


def test_a_head_learns_as_fast_beside_others_as_alone():
    """The gradient of one head does not depend on how many there are."""
    head = torch.randn(5, 1, requires_grad=True)
    others = torch.cat([head, torch.randn(5, 7)], dim=1)
    gradients = [
        torch.autograd.grad(bradley_terry(heads, torch.zeros_like(heads), torch.ones_like(heads)), head)[0]
        for heads in (head, others)
    ]
    assert torch.equal(*gradients)


def test_bootstrap_samples_are_as_large_as_the_data_and_of_each_head_its_own():
    weights = torch.tensor(bootstrap_weights(pairs=50, heads=3, seed=1))
    assert weights.shape == (50, 3)
    assert weights.sum(0).tolist() == [50, 50, 50]
    assert not torch.equal(weights[:, 0], weights[:, 1])


@pytest.fixture
def trained(tmp_path, llama, tokenizer):
    """A proxy that has learned from one pair, again and again, with a weight for each head."""
    llama.save_pretrained(tmp_path / "base")

    def train(weights):
        model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "base", num_labels=len(weights))
        before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        pairs = {"chosen_ids": tokenizer(GOOD)["input_ids"], "rejected_ids": tokenizer(BAD)["input_ids"]}
        dataset = Dataset.from_dict(pairs | {"weights": [weights, weights]})
        config = RewardConfig(
            str(tmp_path / "out"), max_steps=20, learning_rate=0.01, max_length=None, **shared(CPU, lora=False, batch=8)
        )
        RewardHeads(model, args=config, train_dataset=dataset, processing_class=tokenizer).train()
        return model.eval(), before

    return train


def test_every_head_learns_what_is_preferred_and_one_without_weight_does_not(trained, tokenizer):
    model, before = trained([1.0, 1.0, 0.0])
    assert model.config.num_labels == 3
    margins = outputs(model, tokenizer, GOOD) - outputs(model, tokenizer, BAD)
    assert (margins[:, :2] > 1).all()
    moved = (model.state_dict()["score.weight"] - before["score.weight"]).abs().amax(1)
    assert moved[:2].min() > 0
    assert moved[2] == 0
