import pytest

from lib.reward_models.agreement import agreement


def test_auc_worked_by_hand():
    # of the four pairs, the higher label is above in two, ties in one and is below in one
    found = agreement([3, 1, 1, 2], [1, 1, 0, 0])
    assert found["measure"] == "auc"
    assert found["value"] == pytest.approx(2.5 / 4)


def test_spearman_worked_by_hand():
    # ranks 1 2 3 4 and 2 1 4 3: 1 - 6 * 4 / (4 * 15)
    found = agreement([10, 20, 30, 40], [0.2, 0.1, 0.9, 0.5])
    assert found["measure"] == "spearman"
    assert found["value"] == pytest.approx(0.6)


def test_interval_holds_the_value():
    scores = [i + (7 * i) % 5 for i in range(60)]
    found = agreement(scores, list(range(60)))
    assert found["low"] < found["value"] < found["high"] <= 1
