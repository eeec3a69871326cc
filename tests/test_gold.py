import math

import numpy as np
import pytest

from lib.gold import GoldReward

TEXTS = ["a good day", "a good film", "a bad day", "a bad film !", "good good", "bad , bad"]
LABELS = [1.0, 1.0, -1.0, -1.0, 1.5, -1.5]


def test_words_are_weighed():
    gold = GoldReward.fit(TEXTS, LABELS, penalty=0.1)
    good, neither, bad = gold.score(["a good sea", "the sea", "a bad sea"])
    assert good > neither > bad
    assert gold(["a good"], [" sea"]) == [good]


def test_a_score_worked_by_hand():
    """tf = (1 + ln 2, 1), idf = (2, 3), to length 1; w = (1, −1), b = ½."""
    gold = GoldReward(["good", "bad"], np.array([2.0, 3.0]), np.array([1.0, -1.0]), 0.5)
    two, one = 2 * (1 + math.log(2)), 3.0
    assert gold.score(["good bad good"]) == [pytest.approx(0.5 + (two - one) / math.hypot(two, one))]
    assert gold.score(["nothing known"]) == [0.5]


def test_it_is_the_same_after_it_was_saved(tmp_path):
    gold = GoldReward.fit(TEXTS, LABELS, penalty=0.1)
    gold.save(tmp_path / "gold")
    assert GoldReward.load(tmp_path / "gold").score([*TEXTS, "a new text"]) == gold.score([*TEXTS, "a new text"])
