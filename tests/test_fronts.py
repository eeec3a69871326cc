import numpy as np
import pytest

from lib.statistics.fronts import chord_margin, hypervolume, non_dominated


def test_non_dominated_worked_by_hand():
    points = [[0, 3], [1, 2], [1, 1], [3, 0], [2, 2]]
    assert non_dominated(points).tolist() == [True, False, False, True, True]


def test_equal_points_are_all_kept():
    assert non_dominated([[1, 1], [1, 1], [0, 0]]).tolist() == [True, True, False]


def test_hypervolume_worked_by_hand():
    # two rectangles 3 x 1 and 1 x 2 above (0, 0) share one of 1 x 1
    assert hypervolume([[3, 1], [1, 2]], [0, 0]) == pytest.approx(4)
    assert hypervolume([[3, 1], [1, 2], [1, 1]], [0, 0]) == pytest.approx(4)
    assert hypervolume([[3, 1], [1, 2]], [1, 0]) == pytest.approx(2)


def test_hypervolume_of_three_rewards():
    assert hypervolume([[1, 2, 3]], [0, 0, 0]) == pytest.approx(6)


def test_points_below_the_reference_add_nothing():
    assert hypervolume([[-1, 5], [0, 0]], [0, 0]) == 0
    assert hypervolume([], [0, 0]) == 0


def test_chord_margin_worked_by_hand():
    experts = [[4, 0], [0, 2]]
    margins = chord_margin([[2, 1], [2, 2]], experts, [[0.5, 0.5], [0.25, 0.75]])
    np.testing.assert_allclose(margins, [[0, 0], [1, 0.5]])
