import pytest
import torch
from transformers import AutoModelForSequenceClassification

from lib.reward_models.ensembles import RewardEnsemble, TrainedClassifier, aggregated, uncertainty_weighted

REWARDS = torch.tensor([[1.0, 2.0, 6.0], [-1.0, -1.0, -1.0]])
TEXTS = ["the sea", "the sea was wild and cold", "calm"]


@pytest.mark.parametrize(
    ("aggregate", "by_hand"),
    [("mean", [3, -1]), ("worst_case", [1, -1]), ("uncertainty_weighted", [3 - 0.5 * (4 + 1 + 9) / 3, -1])],
)
def test_aggregates_worked_by_hand(aggregate, by_hand):
    assert aggregated(REWARDS, aggregate, coefficient=0.5).tolist() == pytest.approx(by_hand)


def test_a_coefficient_of_nothing_is_the_mean():
    assert uncertainty_weighted(REWARDS, 0.0).tolist() == aggregated(REWARDS, "mean", 1.0).tolist()


def test_one_member_has_no_variance():
    assert uncertainty_weighted(REWARDS[:, :1], 2.0).tolist() == [1, -1]


@pytest.fixture
def proxy(tmp_path, llama, tokenizer):
    llama.save_pretrained(tmp_path / "base")

    def saved(name, heads, **scale):
        torch.manual_seed(sum(map(ord, name)))
        model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "base", num_labels=heads)
        model.config.update(scale)
        model.save_pretrained(tmp_path / name)
        tokenizer.save_pretrained(tmp_path / name)
        return tmp_path / name

    return saved


def test_members_are_the_heads_of_one_model_or_of_several(proxy):
    heads, first, second = proxy("heads", 3), proxy("first", 1), proxy("second", 1)
    assert RewardEnsemble([heads], "mean", 0.0).members(TEXTS).shape == (3, 3)
    both = RewardEnsemble([first, second], "worst_case", 0.0)
    alone = [TrainedClassifier(path)(TEXTS)[:, 0] for path in (first, second)]
    assert both.members(TEXTS).tolist() == torch.stack(alone, dim=1).tolist()
    assert both(["the", "the", "calm"], [" sea", " sea was wild and cold", ""]) == torch.minimum(*alone).tolist()


def test_each_head_is_told_on_its_own_scale(proxy):
    raw, scaled = proxy("same", 2), proxy("emas", 2, reward_mean=[1.0, 0.0], reward_std=[2.0, 0.5])
    expected = (TrainedClassifier(raw)(TEXTS) - torch.tensor([1.0, 0.0])) / torch.tensor([2.0, 0.5])
    assert torch.allclose(TrainedClassifier(scaled)(TEXTS), expected)
