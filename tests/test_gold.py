import numpy as np
import pytest

from lib.reward_models.gold import GoldReward

TEXTS = ["a good day", "a good film", "a bad day", "a bad film !", "good good", "bad , bad"]
LABELS = [1.0, 1.0, -1.0, -1.0, 1.5, -1.5]


def test_words_are_weighed():
    gold = GoldReward.fit(TEXTS, LABELS, penalty=0.1)
    good, neither, bad = gold.score(["a good sea", "the sea", "a bad sea"])
    assert good > neither > bad
    assert gold(["a good"], [" sea"]) == [good]


def test_a_score_worked_by_hand():
    """What a text has counts once: f = (2, 3) for two words and 5 for the characters "go"; b = ½."""
    vocabularies = {"words": ["good", "bad"], "characters": ["go"]}
    gold = GoldReward(vocabularies, np.array([2.0, 3.0, 5.0]), np.array([1.0, -1.0, 0.1]), 0.5)
    assert gold.score(["good bad good"]) == [pytest.approx(0.5 + 2 - 3 + 0.5)]
    assert gold.score(["nothing known"]) == [0.5]


def test_a_word_that_is_repeated_is_no_better_than_once():
    gold = GoldReward.fit(TEXTS, LABELS, penalty=0.1)
    [once, often] = gold.score(["good", "good good good good good"])
    assert often == once


def test_it_is_the_same_after_it_was_saved(tmp_path):
    gold = GoldReward.fit(TEXTS, LABELS, penalty=0.1)
    gold.save(tmp_path / "gold")
    assert GoldReward.load(tmp_path / "gold").score([*TEXTS, "a new text"]) == gold.score([*TEXTS, "a new text"])
