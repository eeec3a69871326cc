"""Scores seed by seed, equal KL, exact tests and verdicts."""

import math

import numpy as np
import pandas as pd
import pytest

from lib.statistics.comparisons import Comparison, Kind, p_of
from lib.statistics.equal_kl import gap_at_equal_kl, reward_at
from lib.statistics.intervals import Sample
from lib.statistics.scores import Scores, first_against_each, front_table
from lib.statistics.significance import holm, power, seeds_needed, sign_flips
from lib.statistics.verdicts import Verdict, judge


def table(of: dict[str, list[float]], other: float = 0.0) -> pd.DataFrame:
    """Scores of points of the method "m", a value for each prompt."""
    return pd.DataFrame(
        {"method": "m", "mixture": name, "prompt": i, "reward": value + other, "kl": 1.0}
        for name, values in of.items()
        for i, value in enumerate(values)
    )


@pytest.fixture
def scores() -> Scores:
    one = table({"a": [1.0, 2.0, 3.0], "b": [0.0, 0.0, 3.0]})
    return Scores.of({7: one.sample(frac=1, random_state=0), 3: one.assign(reward=one["reward"] * 2)}, ["reward", "kl"])


def test_scores_find_points_and_columns_whatever_the_order_of_rows(scores):
    assert scores.seeds == [3, 7]
    sample = scores.sample([("m", "b"), ("m", "a")], ["reward"])
    assert sample.values.tolist() == [[2.0, 4.0], [1.0, 2.0]]
    assert scores.difference(("m", "a"), ("m", "b"), ["reward"]).values.tolist() == [[2.0], [1.0]]


def test_prompts_fall_into_twenty_groups_of_about_equal_size():
    values = list(np.arange(50.0))
    scores = Scores.of({1: table({"a": values})}, ["reward"])
    assert scores.sizes.tolist() == [3] * 10 + [2] * 10 and scores.prompts == 50
    sample = scores.sample([("m", "a")], ["reward"])
    assert sample.values.item() == pytest.approx(np.mean(values))
    assert sample.by_group.mean() == pytest.approx(np.mean(values))


def test_what_was_written_is_read(scores):
    again = Scores.read(scores.table())
    assert (again.seeds, again.points, again.columns) == (scores.seeds, scores.points, scores.columns)
    np.testing.assert_array_equal(again.values, scores.values)


def test_a_statistic_that_is_not_linear_has_jackknife_pseudo_values():
    """Of the square of the mean, a group of one of two prompts: 2 T − T without it."""
    scores = Scores.of({1: table({"a": [1.0, 3.0]})}, ["reward"])
    sample = scores.sample([("m", "a")], ["reward"], lambda means: means.ravel() ** 2)
    assert sample.values.item() == 4
    assert sample.by_group.ravel().tolist() == [2 * 4 - 9, 2 * 4 - 1]


def test_a_point_that_was_not_scored_and_seeds_that_do_not_match(scores):
    with pytest.raises(ValueError, match="not scored: m c"):
        scores.sample([("m", "c")], ["reward"])
    with pytest.raises(ValueError, match="same points and prompts"):
        Scores.of({1: table({"a": [1.0, 2.0]}), 2: table({"b": [1.0, 2.0]})}, ["reward"])
    with pytest.raises(ValueError, match="same points and prompts"):  # though both have twenty groups
        Scores.of({1: table({"a": [1.0] * 40}), 2: table({"a": [1.0] * 60})}, ["reward"])


def test_a_weighted_sum_is_one_more_column(scores):
    total = scores.with_sum("total", {"reward": 0.5, "kl": 2.0})
    assert total.sample([("m", "a")], ["total"]).values.tolist() == [[4.0], [3.0]]


def test_a_front_table_has_every_point_with_its_interval(scores):
    row = front_table(scores, ["reward", "kl"]).set_index("mixture").loc["a"]
    assert row["reward"] == 3 and row["reward_low"] < 3 < row["reward_high"]
    assert row["kl_low"] == pytest.approx(row["kl_high"]) == 1


def test_the_first_front_is_compared_with_each():
    samples = {"one": Sample(np.array([[3.0], [5.0]])), "two": Sample(np.array([[1.0], [3.0]]))}
    found = first_against_each(samples, {"points": [3, 2]}).set_index("front")
    assert found["value"].tolist() == [4, 2] and found["points"].tolist() == [3, 2]
    assert found.loc["two", "first_minus_this_value"] == found.loc["two", "first_minus_this_low"] == 2


def test_rewards_are_straight_in_the_root_of_kl():
    path = np.array([[2.0, 16.0], [0.0, 0.0], [1.0, 4.0]])
    assert reward_at(path, np.array([0.0, 1.0, 4.0, 9.0, 16.0])).tolist() == [0, 0.5, 1, 1.5, 2]


def test_two_paths_of_one_curve_have_no_gap_though_one_ends_earlier():
    """The largest record up to the shorter one's end, which was compared before, differs by up to .1 here."""
    etas = np.array([0, 0.25, 0.5, 0.75, 1])
    generator, gaps, old = np.random.default_rng(0), [], []
    for _ in range(2000):
        path, other = (
            np.stack([np.sqrt(kl) + generator.normal(0, 0.04, 5), kl], axis=1) for kl in (20 * etas**2, 8 * etas**2)
        )
        gaps.append(gap_at_equal_kl(path, other))
        old.append(path[path[:, 1] <= 8, 0].max() - other[:, 0].max())
    assert abs(np.mean(gaps)) < 0.004
    assert np.mean(old) < -0.1


def test_what_one_path_has_more_at_equal_kl():
    path, other = np.array([[0.0, 0.0], [4.0, 4.0], [8.0, 16.0]]), np.array([[0.0, 0.0], [2.0, 4.0]])
    assert gap_at_equal_kl(path, other) == pytest.approx(4 / 3, abs=0.005)  # the mean of √KL over 0 to 4
    assert gap_at_equal_kl(other, path) == -gap_at_equal_kl(path, other)


def test_signs_of_five_seeds_flip_in_32_ways():
    alone, among_all = sign_flips(np.array([[1.0, 1.0], [2.0, -1.0], [3.0, 0.5], [1.0, -1.0], [2.0, 1.0]]))
    assert alone[0] == 2 / 32
    assert among_all[0] == 4 / 32  # two more, with which the second number is as large in its deviations
    assert among_all[1] >= alone[1] > 0.5


def test_many_seeds_are_flipped_at_random():
    alone, _ = sign_flips(np.random.default_rng(0).normal(2, 1, (20, 1)))
    assert alone.item() < 0.001


def test_holm_worked_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_power_rises_with_the_difference():
    assert power(0.0, 1.0, 9) == pytest.approx(0.025, abs=0.001)
    assert power(3.0, 1.0, 9) == pytest.approx(0.76, abs=0.02)


def test_seeds_that_a_difference_takes():
    """For one standard deviation of the seeds' differences ten seeds, by any table of the t-test."""
    one_sd = Sample(np.array([[1.0], [-1.0], [1.0], [-1.0]]) / np.sqrt(4 / 3))
    assert 9 <= seeds_needed(one_sd, 1.0) <= 11
    assert seeds_needed(one_sd, 50.0, tests=5) == 8  # 5 × 2^(1 − n) below .05
    prompts = Sample(np.zeros((4, 1)), np.tile([[5.0], [-5.0]], (4, 1, 1)))
    assert math.isinf(seeds_needed(prompts, 1.0))


def comparison(values, kind=Kind.MORE, margin=0.1) -> Comparison:
    values = np.array(values, dtype=float)
    return Comparison(Sample(values.reshape(len(values), -1)), ["a", "b", "c"], kind, margin)


UP = [1.0, 1.2, 0.9, 1.1, 1.0, 0.8, 1.1, 1.0]
NOTHING = [0.01, -0.02, 0.0, 0.02, -0.01, 0.01, 0.0, -0.01]
UNSURE = [2.0, -1.0, 0.5, -2.0, 1.0, -0.5, 3.0, 0.0]


@pytest.mark.parametrize(
    ("values", "kind", "verdict"),
    [
        (UP, Kind.MORE, Verdict.HOLDS),
        (np.negative(UP), Kind.MORE, Verdict.CONTRADICTED),
        (NOTHING, Kind.MORE, Verdict.NO_DIFFERENCE),
        (UNSURE, Kind.MORE, Verdict.UNDECIDED),
        (NOTHING, Kind.AT_LEAST, Verdict.HOLDS),
        (np.negative(UP), Kind.AT_LEAST, Verdict.CONTRADICTED),
        (UNSURE, Kind.AT_LEAST, Verdict.UNDECIDED),
        (NOTHING, Kind.EQUAL, Verdict.HOLDS),
        (UP, Kind.EQUAL, Verdict.CONTRADICTED),
        (UNSURE, Kind.EQUAL, Verdict.UNDECIDED),
        (np.stack([UP, UP], 1), Kind.MORE, Verdict.HOLDS),
        (np.stack([UP, NOTHING], 1), Kind.MORE, Verdict.UNDECIDED),
        (np.stack([UP, np.negative(UP)], 1), Kind.MORE, Verdict.CONTRADICTED),
        (UP[:3], Kind.MORE, Verdict.TOO_FEW),
        (UP[:5], Kind.MORE, Verdict.UNDECIDED),  # no p of five seeds is below .0625
    ],
)
def test_verdicts(values, kind, verdict):
    [judged] = judge([comparison(values, kind)])
    assert judged.verdict is verdict


def test_the_weakest_number_is_shown():
    [judged] = judge([comparison(np.stack([UP, np.multiply(UP, 0.5), UNSURE], 1))])
    assert judged.at == "c" and judged.estimate == np.mean(UNSURE)
    assert judged.detectable > 1 and judged.seeds_needed > 100


def test_of_numbers_that_are_to_be_equal_the_one_nearest_to_the_margin_is_shown():
    """It was the one farthest from 0 in standard errors: .09, which is surely within the margin of .1."""
    sure, unsure = 0.09 + np.array(NOTHING) / 100, np.array(UNSURE)
    [judged] = judge([comparison(np.stack([sure, unsure], 1), Kind.EQUAL)])
    assert (judged.at, judged.verdict) == ("b", Verdict.UNDECIDED)
    assert judged.p > 0.05


def test_many_claims_make_each_harder_to_hold():
    verdicts = [judged.verdict for judged in judge([comparison(UP)] * 7)]
    assert set(verdicts) == {Verdict.UNDECIDED}  # 7 × .0078
    assert judge([comparison(UP)] * 6)[0].verdict is Verdict.HOLDS


def test_what_seeds_could_show_counts_p_and_the_other_claims():
    """The difference had been that of the interval alone, which four seeds show where no p of theirs is below .125."""
    [few] = judge([comparison(UNSURE[:4])])
    assert few.power == 0 and math.isinf(few.detectable) and few.seeds_needed > 4
    alone, among = judge([comparison(UNSURE)])[0], judge([comparison(UNSURE)] * 5)[0]
    assert alone.detectable < among.detectable < 2 * alone.detectable
    assert alone.power > among.power > 0


def test_a_difference_that_seeds_could_show_mostly_gets_a_verdict():
    """Sixteen seeds of a standard deviation of 1, among five claims of which the others are unsure."""
    generator, others = np.random.default_rng(3), [comparison(UNSURE)] * 4
    spread = generator.normal(0, 1, 16)
    spread = (spread - spread.mean()) / spread.std(ddof=1)
    shown = judge([comparison(spread), *others])[0].detectable
    held = [
        judge([comparison(generator.normal(shown, 1, 16)), *others])[0].verdict is Verdict.HOLDS for _ in range(100)
    ]
    assert 0.65 < np.mean(held) < 0.9


def test_what_cannot_be_tested_says_why_and_counts_for_nothing():
    judged = judge(["no pair", *[comparison(UP)] * 6])
    assert (judged[0].verdict, judged[0].reason) == (Verdict.NOT_TESTABLE, "no pair")
    assert judged[1].verdict is Verdict.HOLDS


def test_prompts_that_favour_one_policy_by_chance_decide_nothing():
    """Eight seeds agree to the last digit on these prompts, which say little about others."""
    groups = np.tile(np.array([[3.0], [-2.0], [1.0], [-1.5], [0.5]]), (8, 1, 1))
    sample = Sample(groups.mean(1) + np.linspace(0, 1e-3, 8)[:, None], groups)
    one = Comparison(sample, ["a"], Kind.MORE, 0.05)
    assert sign_flips(sample.values)[0].item() < 0.01
    assert p_of(one) > 0.5
    assert judge([one])[0].verdict is Verdict.UNDECIDED
