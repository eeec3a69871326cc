import math

import numpy as np
import pytest

from lib.reporting.tables import as_text
from lib.statistics.along_training import mean_reward_at_equal_kl, over_seeds, reward_at_equal_kl, trajectory


def test_a_trajectory_is_smoothed_and_has_the_steps_whose_kl_is_known():
    history = [
        {"step": 1, "kl": 0.0, "a": 1.0, "b": 0.0},
        {"step": 2, "kl": None, "a": 3.0, "b": 4.0},
        {"step": 3, "kl": 2.0, "a": 5.0, "b": 2.0},
    ]
    path = trajectory(history, {"a": 0.5, "b": 0.5})
    assert path.tolist() == [[2.5, 1.0], [2.5, 1.0]]  # five steps around each record are all three of them
    later = [{"step": 3 + i, "kl": None, "a": 9.0, "b": 9.0} for i in range(1, 4)]
    path = trajectory(history + later, {"a": 0.5, "b": 0.5})
    assert path.tolist() == [[2.5, 1.0], [pytest.approx((0.5 + 3.5 + 3.5 + 9 + 9) / 5), 1.0]]


def test_one_that_was_at_higher_kl_from_its_first_record_on_has_the_start_to_show():
    one, other = np.array([[0.1, 0.0], [1.0, 1.0]]), np.array([[3.0, 2.0], [4.0, 3.0]])
    assert reward_at_equal_kl(one, other, origin=0.25) == 0.75


def test_the_mean_at_equal_kl_is_over_kl_and_not_over_steps():
    """One rises to 2 at KL 2 and goes on to 4; the other stays for long at 0 and then is at 2 as well."""
    fast = np.array([[0.0, 0.0], [2.0, 2.0], [9.0, 4.0]])
    slow = np.array([[0.0, 0.0], [0.3, 0.1], [0.0, 0.1], [-0.2, 0.05], [2.0, 2.0]])
    straight = np.array([[0.0, 0.0], [0.0, 2.0]])
    assert mean_reward_at_equal_kl(fast, straight, origin=0.0) == pytest.approx(1)
    assert mean_reward_at_equal_kl(straight, fast, origin=0.0) == pytest.approx(-1)
    assert mean_reward_at_equal_kl(slow, fast, origin=0.0) == pytest.approx(0.2 * 2 / 2 / 2, abs=0.01)


def test_one_seed_has_no_interval():
    """It would be a point, as if another seed could give nothing else."""
    alone, several = over_seeds(np.array([0.5]), 100), over_seeds(np.array([0.25, 0.5, 0.75]), 100)
    assert alone["value"] == 0.5 and math.isnan(alone["low"]) and math.isnan(alone["high"])
    assert several["low"] < several["value"] == 0.5 < several["high"]
    assert as_text(**alone) == "0.500 (one seed)"
    assert as_text(1, 0.5, 1.5) == "1.000 (0.500 to 1.500)"
