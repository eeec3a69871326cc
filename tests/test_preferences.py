import math

import numpy as np
import pandas as pd
import pytest

from lib.reward_models.pairs import calibration_error, first_preferred, preference_probability, reliability

PAIRS = pd.DataFrame({"gold_first": [1.0, 0.0, 2.0], "gold_second": [0.0, 1.0, 0.0], "draw": [0.1, 0.3, 0.9]})


@pytest.mark.parametrize(
    ("flipped", "labels"),
    [(0, [True, False, True]), (0.25, [False, False, True]), (0.5, [False, True, True])],
)
def test_labels_are_golds_but_for_a_share(flipped, labels):
    """What is wrong at a quarter is wrong at a half as well."""
    assert first_preferred(PAIRS, flipped).tolist() == labels


def test_the_probability_of_an_ensemble_is_the_mean_of_its_members():
    margins = np.array([[0.0, math.log(3)], [-math.log(3), -math.log(3)]])
    assert preference_probability(margins) == pytest.approx([(0.5 + 0.75) / 2, 0.25])


def test_reliability_worked_by_hand():
    """Ten pairs, two to a bin; the text that the proxy prefers counts as the first."""
    probability = np.array([0.5, 0.45, 0.6, 0.4, 0.7, 0.3, 0.8, 0.2, 0.9, 0.1])
    preferred = np.array([False, True, True, True, True, False, False, False, True, False])
    bins = reliability(probability, preferred)
    assert bins["predicted"].tolist() == pytest.approx([0.525, 0.6, 0.7, 0.8, 0.9])
    assert bins["observed"].tolist() == [0.5, 0.5, 1, 0.5, 1]
    assert bins["pairs"].tolist() == [2] * 5
    assert calibration_error(bins) == pytest.approx((0.025 + 0.1 + 0.3 + 0.3 + 0.1) / 5)
