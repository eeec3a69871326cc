import itertools
import math

import numpy as np
import pytest

from lib.reward_models.best_of_n import best_of_n, kl


@pytest.mark.parametrize("n", range(1, 8))
def test_it_is_the_mean_over_all_choices_of_n(n):
    """Brute force, for two proxies that order the same samples differently: gold stays with its sample."""
    generator = np.random.default_rng(0)
    gold = generator.normal(size=7)
    for proxy in (generator.normal(size=7), -gold):
        choices = [max(chosen, key=proxy.__getitem__) for chosen in itertools.combinations(range(7), n)]
        assert best_of_n(proxy, gold, n) == pytest.approx(gold[choices].mean())
        assert best_of_n(proxy, proxy, n) == pytest.approx(proxy[choices].mean())


def test_prompt_by_prompt():
    proxy = np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    gold = np.array([[1.0, 0.0, 5.0], [1.0, 0.0, 5.0]])
    assert best_of_n(proxy, gold, 3) == pytest.approx([5, 1])
    assert best_of_n(proxy, gold, 2) == pytest.approx([(5 + 5 + 0) / 3, (1 + 1 + 0) / 3])
    assert best_of_n(proxy, gold, 1) == pytest.approx([2, 2])


def test_large_numbers_of_choices():
    """Of 640 samples the best is among 512 of them with probability 512/640 = 0.8."""
    proxy = np.arange(640.0)
    best = (proxy == 639).astype(float)
    assert best_of_n(proxy, best, 512) == pytest.approx(0.8)
    assert best_of_n(proxy, np.ones(640), 512) == pytest.approx(1)


def test_more_than_there_are_is_refused():
    with pytest.raises(ValueError, match="the best of 4 cannot be estimated from 3 samples"):
        best_of_n(np.zeros(3), np.zeros(3), 4)


def test_kl():
    assert kl(1) == 0
    assert kl(2) == pytest.approx(math.log(2) - 0.5)
