"""How cost grows: the fit on made data, and each measurement at its smallest; what it measures is not looked at."""

import sys

import numpy as np
import pandas as pd
import pytest

from benchmarks import growth
from benchmarks.growth_work import QUANTITIES, peak, processor

SIZES = np.array([10.0, 30.0, 100.0, 300.0])
SMALL = {"merges": 2, "policies": 2, "lambdas": 2, "seeds": 2, "model_size": 1}


def table(values: np.ndarray) -> pd.DataFrame:
    rows = [("made", "work", "s", size, value) for size, value in zip(SIZES, values)]
    return pd.DataFrame(rows, columns=growth.COLUMNS)


@pytest.mark.parametrize("exponent", [0, 0.5, 1, 2])
def test_the_exponent_of_a_power_law_is_found(exponent):
    fit = growth.power_law(SIZES, 3 * SIZES**exponent)
    assert fit == pytest.approx((exponent, exponent, exponent, 3), abs=1e-6)


def test_the_interval_of_a_noisy_power_law_has_the_exponent():
    fit = growth.power_law(SIZES, SIZES * np.array([1.1, 0.9, 1.1, 0.9]))
    assert fit.low < 1 < fit.high
    assert 0.9 < fit.exponent < 1


def test_two_sizes_have_an_exponent_and_no_interval():
    fit = growth.power_law(SIZES[:2], SIZES[:2] ** 2)
    assert fit.exponent == pytest.approx(2)
    assert np.isnan([fit.low, fit.high]).all()


def test_what_starts_slowly_is_seen_on_the_larger_half():
    [row] = growth.fits(table(5000 + SIZES**2)).to_dict("records")
    assert row["exponent"] < 1.5 < row["exponent of the larger half"] < 2
    assert row["sizes"] == "10 to 300"


@pytest.mark.parametrize(("exponent", "faster"), [(1, False), (2, True)])
def test_what_grows_faster_than_its_work_is_named(exponent, faster):
    [row] = growth.fits(table(SIZES**exponent)).to_dict("records")
    assert row["faster than its work"] is faster


def test_memory_above_the_start_is_that_of_the_call_alone():
    seconds, above = peak(np.ones, 50_000_000 // 8)
    assert 45 < above < 100
    assert seconds > 0
    assert processor(sum, range(10)) >= 0


def test_a_call_that_fails_fails_here_too():
    with pytest.raises(RuntimeError, match="float failed"):
        peak(float, "none")


@pytest.mark.parametrize("quantity", SMALL)
def test_a_quantity_is_measured_and_another_stays(quantity, tmp_path, monkeypatch):
    file = tmp_path / "growth.csv"
    table(SIZES).assign(quantity="seeds", measure="made").to_csv(file, index=False)
    given = [quantity, "--sizes", str(SMALL[quantity]), "--table", str(file), "--figure", str(tmp_path / "growth.png")]
    monkeypatch.setattr(sys, "argv", ["growth", *given])
    growth.main()
    found = pd.read_csv(file)
    assert (found["measure"] == "made").sum() == len(SIZES)
    assert found.loc[(found["quantity"] == quantity) & (found["measure"] != "made"), "value"].notna().all()
    assert (tmp_path / "growth.png").stat().st_size > 0


@pytest.mark.long
@pytest.mark.parametrize(("quantity", "size"), [("jobs", 5), ("own_graph", 1)])
def test_graphs_are_measured(quantity, size, tmp_path):
    assert all(seconds > 0 for seconds in QUANTITIES[quantity].work(size, tmp_path).values())
