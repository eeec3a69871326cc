import math

import pytest
import torch
from transformers import AutoModelForSequenceClassification

from lib.reward_models.gold import GoldReward
from lib.reward_models.loading import Reward, load
from lib.rewards import brevity


def test_brevity_worked_by_hand():
    assert brevity(["one two", "one two"], [" three four", " three"], words=4) == [0, -0.25]
    assert brevity(["one"], [" two three four five six seven eight"], words=4) == [-1]


def test_a_function_is_called_with_its_arguments():
    reward = load("short", {"kind": "function", "function": "lib.rewards:brevity", "arguments": {"words": 2}})
    assert reward.name == "short"
    assert reward(["one"], [" two"]) == [0]


@pytest.mark.parametrize("function", ["lib.rewards:nothing_like_it", "no_such_module:f"])
def test_a_function_that_is_not_there_is_named(function):
    with pytest.raises(ValueError, match=rf"rewards\.mine\.function: {function}"):
        load("mine", {"kind": "function", "function": function})


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_reward_that_is_not_finite_is_named_with_its_text(value):
    reward = Reward("mine", lambda prompts, completions: [0.0, value])
    with pytest.raises(
        ValueError, match=r"rewards\.mine: it returned (nan|inf) for number 2 of 2, prompt 'c', completion ' d'"
    ):
        reward(["a", "c"], [" b", " d"])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1.0, None], "None for number 2 of 2"),
        (3.0, "3.0: it has"),
        (None, "None: it has"),
        (["3", 1], "'3' for number 1"),
    ],
)
def test_a_reward_that_returns_no_numbers_is_named(values, said):
    with pytest.raises(ValueError, match=rf"rewards\.mine: it returned {said}"):
        Reward("mine", lambda prompts, completions: values)(["a", "c"], [" b", " d"])


def test_arguments_that_the_function_does_not_take_are_named():
    with pytest.raises(ValueError, match=r"rewards\.mine\.arguments do not fit .*brevity: .*: 'words'"):
        load("mine", {"kind": "function", "function": "lib.rewards:brevity", "arguments": {"word": 3}})


def test_a_reward_of_the_wrong_shape_is_named():
    reward = Reward("mine", lambda prompts, completions: [0.0])
    with pytest.raises(ValueError, match=r"rewards\.mine: it returned 1 values for 2 completions"):
        reward(["a", "c"], [" b", " d"])


def test_a_function_that_raises_is_named_with_its_line_and_the_text(tmp_path, monkeypatch):
    (tmp_path / "own_reward.py").write_text(
        "def share(prompts, completions):\n    return [ratio(text) for text in completions]\n\n\n"
        "def ratio(text):\n    return text.count('!') / len(text)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    reward = load("mine", {"kind": "function", "function": "own_reward:share"})
    assert reward(["a"], ["so!!"]) == [0.5]
    with pytest.raises(ValueError, match="share raises") as raised:
        reward(["a", "b"], ["so", ""])
    assert str(raised.value) == (
        "rewards.mine: own_reward:share raises ZeroDivisionError: division by zero, "
        "own_reward.py:2: return [ratio(text) for text in completions] → "
        "own_reward.py:6: return text.count('!') / len(text); "
        "called with number 2 of 2: prompt 'b', completion ''"
    )


@pytest.fixture
def classifier(tmp_path, llama, tokenizer):
    def saved(outputs):
        llama.save_pretrained(tmp_path / "base")
        model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "base", num_labels=outputs)
        model.save_pretrained(tmp_path / "reward")
        tokenizer.save_pretrained(tmp_path / "reward")
        return model, tmp_path / "reward"

    return saved


def test_a_trained_reward_reads_the_last_token_of_each_text_whatever_the_batch(classifier, tokenizer):
    model, directory = classifier(1)
    texts = ["the sea", "the sea was wild and cold", "calm"]
    one_by_one = []
    for text in texts:
        hidden = model.model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0, -1]
        one_by_one.append(torch.dot(hidden, model.score.weight[0]).item())
    source = {"kind": "label", "models": [str(directory)], "aggregate": "mean", "coefficient": 0}
    scores = load("trained", source)([text[:3] for text in texts], [text[3:] for text in texts])
    assert scores == pytest.approx(one_by_one, abs=1e-5)


def test_an_ensemble_is_a_reward_like_any_other(classifier):
    _, directory = classifier(3)
    prompts, completions = ["the sea", "calm"], [" was wild", ""]
    aggregates = {
        name: load("mine", {"kind": "label", "models": [str(directory)], "aggregate": name, "coefficient": 0})(
            prompts, completions
        )
        for name in ("mean", "worst_case", "uncertainty_weighted")
    }
    assert aggregates["mean"] == pytest.approx(aggregates["uncertainty_weighted"])
    assert all(worst < mean for worst, mean in zip(aggregates["worst_case"], aggregates["mean"]))


def test_the_gold_reward_is_one_as_well(tmp_path):
    gold = GoldReward.fit(["a good day", "a bad day", "good", "bad"], [1, -1, 1, -1], penalty=0.1)
    gold.save(tmp_path / "gold")
    assert load("gold", {"kind": "gold", "directory": str(tmp_path / "gold")})(["a good"], [" day"]) == gold.score(
        ["a good day"]
    )
