import numpy as np
import pytest

from lib.statistics.intervals import ends_of, interval, resampled_means


def test_interval_of_known_replicates():
    low, high = interval(np.arange(1001.0))
    assert (low, high) == pytest.approx((25, 975))


def test_the_ends_of_a_column_have_its_name():
    assert ends_of("kl") == ("kl_low", "kl_high")
    assert ends_of("value") == ("low", "high")
    assert ends_of("first_minus_this_value") == ("first_minus_this_low", "first_minus_this_high")


def test_means_are_of_seeds_and_prompts_together():
    scores = np.arange(12.0).reshape(2, 3, 2)
    replicates = resampled_means(scores, 4000)
    assert replicates.shape == (4000, 2)
    np.testing.assert_allclose(replicates.mean(0), scores.mean((0, 1)), atol=0.1)


def test_a_constant_has_no_width():
    low, high = interval(resampled_means(np.full((3, 5, 1), 7.0), 100))
    assert low == pytest.approx(7)
    assert high == pytest.approx(7)


def test_width_is_that_of_the_standard_error():
    generator = np.random.default_rng(1)
    scores = generator.normal(size=(1, 400, 1))
    low, high = interval(resampled_means(scores, 4000))
    assert (high - low).item() == pytest.approx(2 * 1.96 * scores.std() / 20, rel=0.1)


def test_differences_between_seeds_widen_the_interval():
    prompts = np.random.default_rng(1).normal(size=(1, 400, 1))
    one = np.ptp(interval(resampled_means(prompts, 2000)))
    seeds = prompts + np.array([-1.0, 0, 1]).reshape(3, 1, 1)
    assert np.ptp(interval(resampled_means(seeds, 2000))) > 3 * one


def test_compared_quantities_are_resampled_together():
    first = np.random.default_rng(1).normal(size=(3, 50, 1))
    both = np.concatenate([first, first + 0.5], axis=2)
    replicates = resampled_means(both, 200)
    np.testing.assert_allclose(replicates[:, 1] - replicates[:, 0], 0.5)


def test_the_same_every_time():
    scores = np.random.default_rng(1).normal(size=(3, 50, 2))
    assert np.array_equal(resampled_means(scores, 50), resampled_means(scores, 50))
