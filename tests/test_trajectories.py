import json
import math

import numpy as np
import pandas as pd
import pytest

from lib.statistics.along_training import smoothed, training_records, trajectories, trajectory, with_total

RECORDS = [
    {"step": 1, "kl": 0.0, "a": 1.0, "b": 0.0},
    {"step": 2, "kl": None, "a": 3.0, "b": 4.0},
    {"step": 3, "kl": 2.0, "a": 5.0, "b": 2.0},
]
HALVES = {"a": 0.5, "b": 0.5}


def records(*further: dict) -> pd.DataFrame:
    return with_total(pd.DataFrame([*RECORDS, *further]), HALVES)


def test_the_reward_is_the_weighted_sum_that_was_trained_on():
    assert with_total(pd.DataFrame(RECORDS), {"a": 2.0, "b": 0.5})["reward"].tolist() == [2, 8, 11]


def test_a_trajectory_is_smoothed_and_has_the_steps_whose_kl_is_known():
    """Five steps around each record are all three of them. KL is the mean of what was recorded."""
    assert trajectory(records()).tolist() == [[2.5, 1.0], [2.5, 1.0]]
    later = [{"step": 3 + i, "kl": None, "a": 9.0, "b": 9.0} for i in range(1, 4)]
    at_the_first, at_the_third = trajectory(records(*later)).tolist()
    assert at_the_first == [2.5, 1.0]
    assert at_the_third == [pytest.approx((0.5 + 3.5 + 3.5 + 9 + 9) / 5), 1.0]


def test_steps_are_taken_in_their_order_and_not_in_that_of_the_rows():
    later = [{"step": 3 + i, "kl": 2.0 + i, "a": 9.0, "b": i} for i in range(1, 6)]
    table = records(*later)
    np.testing.assert_array_equal(trajectory(table.sample(frac=1, random_state=0)), trajectory(table))


def test_moving_averages_leave_out_what_is_missing():
    table = pd.DataFrame({"kl": [1.0, None, None, None, None, None, 4.0]})
    found = smoothed(table, ["kl"])["kl"].tolist()
    assert found[:3] == [1, 1, 1] and math.isnan(found[3]) and found[4:] == [4, 4, 4]


def test_histories_are_one_table_with_a_row_for_each_policy_seed_and_step(tmp_path):
    files = {}
    for policy, gain in {"one": 1.0, "other": 2.0}.items():
        files[policy] = [tmp_path / f"{policy}-{seed}.json" for seed in (4, 7)]
        for path, shift in zip(files[policy], (0, 10)):
            path.write_text(json.dumps({"kl": "nats", "history": [r | {"a": gain * r["a"] + shift} for r in RECORDS]}))
    table = training_records(files, [4, 7])
    assert table.groupby(["policy", "seed"])["a"].sum().to_dict() == {
        ("one", 4): 9,
        ("one", 7): 39,
        ("other", 4): 18,
        ("other", 7): 48,
    }
    first, second = trajectories(with_total(table, {"a": 1.0}), "other")
    assert first[0].tolist() == [6, 1] and second[0].tolist() == [16, 1]  # seeds 4 and 7
    with pytest.raises(ValueError, match="zip"):
        training_records(files, [4])
