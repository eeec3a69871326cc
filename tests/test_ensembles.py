import math

import pytest
import torch
from transformers import AutoModelForSequenceClassification

from lib.machine.compute import CPU
from lib.reward_models.classifiers import new_classifier, read_classifier, save_classifier
from lib.reward_models.ensembles import RewardEnsemble, TrainedClassifier, aggregated, uncertainty_weighted
from lib.reward_models.weight_average import average

REWARDS = torch.tensor([[1.0, 2.0, 6.0], [-1.0, -1.0, -1.0]])
TEXTS = ["the sea", "the sea was wild and cold", "calm"]


@pytest.mark.parametrize(
    ("aggregate", "by_hand"),
    [
        ("mean", [3, -1]),
        ("worst_case", [1, -1]),
        ("uncertainty_weighted", [3 - 0.5 * (4 + 1 + 9) / 3, -1]),
        ("soft_min", [-0.5 * math.log((math.exp(-2) + math.exp(-4) + math.exp(-12)) / 3), -1]),
    ],
)
def test_aggregates_worked_by_hand(aggregate, by_hand):
    assert aggregated(REWARDS, aggregate, coefficient=0.5).tolist() == pytest.approx(by_hand)


def test_a_coefficient_of_nothing_is_the_mean():
    assert uncertainty_weighted(REWARDS, 0.0).tolist() == aggregated(REWARDS, "mean", 1.0).tolist()


def test_the_soft_minimum_lies_between_the_minimum_and_the_mean():
    assert aggregated(REWARDS, "soft_min", 1e-3)[0].item() == pytest.approx(1, abs=0.01)
    assert aggregated(REWARDS, "soft_min", 1e3)[0].item() == pytest.approx(3, abs=0.01)


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


def test_weights_are_averaged_and_not_outputs(proxy):
    """WARM; of LoRA classifiers it is the average of what their factors stand for."""
    paths = [proxy("first", 1), proxy("second", 1)]
    first, second = (dict(read_classifier(path, CPU).named_parameters()) for path in paths)
    averaged = average(paths, CPU)
    for name, tensor in averaged.named_parameters():
        torch.testing.assert_close(tensor, (first[name] + second[name]) / 2)


def test_lora_classifiers_are_averaged_by_what_their_factors_stand_for(proxy, tmp_path):
    lora = {"rank": 2, "alpha": 4, "modules": ["q_proj", "v_proj"]}
    proxy("first", 1)  # which writes θ_pre
    for seed in (1, 2):
        torch.manual_seed(seed)
        model = new_classifier(tmp_path / "base", lora, CPU, num_labels=1, pad_token_id=0)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter)
        save_classifier(model, tmp_path / f"lora-{seed}")
    paths = [tmp_path / "lora-1", tmp_path / "lora-2"]
    name = "model.layers.0.self_attn.q_proj.weight"
    merged = [dict(read_classifier(path, CPU).merge_and_unload().named_parameters()) for path in paths]
    averaged = dict(average(paths, CPU).named_parameters())
    assert averaged.keys() == merged[0].keys()
    torch.testing.assert_close(averaged[name], (merged[0][name] + merged[1][name]) / 2)
    torch.testing.assert_close(averaged["score.weight"], (merged[0]["score.weight"] + merged[1]["score.weight"]) / 2)
    assert not torch.allclose(merged[0][name], merged[1][name])


def test_each_head_is_told_on_its_own_scale(proxy):
    raw, scaled = proxy("same", 2), proxy("emas", 2, reward_mean=[1.0, 0.0], reward_std=[2.0, 0.5])
    expected = (TrainedClassifier(raw)(TEXTS) - torch.tensor([1.0, 0.0])) / torch.tensor([2.0, 0.5])
    assert torch.allclose(TrainedClassifier(scaled)(TEXTS), expected)
