import numpy as np
import pandas as pd
import pytest

from lib.papers.rewarded_soups.claims import (
    balance_table,
    chord_table,
    hypervolume_table,
    preference_table,
    soup_points,
)
from lib.statistics.means import Means, front_table

# mean rewards (x, y) of every point; the scores are these on both seeds and all prompts
POINTS = {
    ("sft", "sft/1"): (0, 0),
    ("soup", "x"): (4, 1),
    ("soup", "x=0.5+y=0.5"): (3, 2),
    ("soup", "y"): (1, 2),
    ("morl", "x=0.5+y=0.5"): (2, 2),
}


def tables(noise=0.0):
    generator = np.random.default_rng(0)
    rows = [
        {"method": method, "mixture": mixture, "prompt": prompt, "x": x + noise * z, "y": y + noise * z, "kl": 1.0}
        for (method, mixture), (x, y) in POINTS.items()
        for prompt, z in enumerate(generator.normal(size=10))
    ]
    return [pd.DataFrame(rows), pd.DataFrame(rows[::-1])]


@pytest.fixture
def means():
    return Means.of(tables(), ["x", "y", "kl"], 100)


def test_means_find_points_and_columns_whatever_the_order_of_rows(means):
    values = means.at([("soup", "y"), ("sft", "sft/1")], ["y", "x"])
    assert values.shape == (101, 2, 2)
    np.testing.assert_allclose(values[0], [[2, 1], [0, 0]])


def test_front_table_has_every_point_with_its_interval():
    table = front_table(Means.of(tables(noise=1.0), ["x", "y", "kl"], 500)).set_index(["method", "mixture"])
    row = table.loc[("soup", "x")]
    assert row["x_low"] < row["x"] < row["x_high"]
    assert row["kl_low"] == pytest.approx(row["kl_high"]) == 1


def test_chord_worked_by_hand(means):
    table = chord_table(means, ["x", "y"], [0, 0.5, 1])
    assert list(table["weight"]) == [0.5, 0.5]
    np.testing.assert_allclose(table["value"], [0.5, 0.5])
    np.testing.assert_allclose(table["low"], table["high"])


def test_hypervolumes_worked_by_hand(means):
    experts = soup_points(["x", "y"], [0, 1])
    fronts = {
        "soups": [*experts, ("soup", "x=0.5+y=0.5")],
        "morl": [*experts, ("morl", "x=0.5+y=0.5")],
        "experts": experts,
    }
    table = hypervolume_table(means, ["x", "y"], fronts, "sft/1").set_index("front")
    np.testing.assert_allclose(table["value"], [7, 6, 5])
    np.testing.assert_allclose(table["first_minus_this_value"], [0, 1, 2])
    assert list(table["points"]) == [3, 3, 2]


def test_preferences_worked_by_hand(means):
    table = preference_table(means, ["x", "y"], [0.5], soup_points(["x", "y"], [0, 0.5, 1]))
    np.testing.assert_allclose(table["value"], [0.5, 0.5])


def test_balance_worked_by_hand(means):
    table = balance_table(means, ["x", "y"], "sft/1").set_index(["policy", "reward"])["value"]
    assert list(table.loc["x"]) == [4, 1]
    assert list(table.loc["y"]) == [1, 2]
    assert list(table.loc["uniform soup"]) == [3, 2]
