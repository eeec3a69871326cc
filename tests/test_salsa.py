import numpy as np
import pandas as pd
import pytest

from lib.papers.salsa.claims import comparison_table, segment_table, soup_table, win_rate, wins
from lib.papers.salsa.names import Variant, plane_point, read_variant, variant_point
from lib.statistics.means import Means

SOUP, SFT = Variant("sft", 0.5, 0.1), Variant("sft", 1.0, 0.1)


def scored(points, prompts=4):
    """One seed's table, from reward, gold rewards by prompt, and KL of each point."""
    return pd.DataFrame(
        {"method": method, "mixture": name, "prompt": i, "reward": reward, "gold": gold[i], "kl": kl}
        for (method, name), (reward, gold, kl) in points.items()
        for i in range(prompts)
    )


def test_a_policy_is_named_by_what_makes_it():
    assert read_variant({"alpha": 1, "beta": 0.1}) == SFT
    assert SOUP.name == "α=0.5 β=0.1"
    assert read_variant({"alpha": 0.5, "beta": 0.1, "start": "soup"}).name == "α=0.5 β=0.1, from the soup"


def test_a_tie_is_half_a_win():
    assert list(wins(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0]))) == [0, 0.5, 1]


def test_win_rate_of_two_seeds_whatever_the_order_of_the_rows():
    """Wins 1, ½, 0, 1 and 1, 1, 1, 1."""
    first, second = variant_point(SOUP), variant_point(SFT)
    one = scored({first: (0, [2, 1, 0, 5], 0), second: (0, [1, 1, 1, 1], 0)}).sample(frac=1, random_state=0)
    other = scored({first: (0, [2, 2, 2, 2], 0), second: (0, [1, 1, 1, 1], 0)})
    rate = win_rate([one, other], first, second, resamples=500)
    assert len(rate) == 501
    assert rate[0] == 6.5 / 8
    assert rate[1:].min() < 0.7
    assert rate[1:].max() == 1


def test_pairs_are_compared_on_prompts_of_each_kind_and_along_training():
    """Up to KL 2, where the second ends, the first had 3 and the second 1."""
    points = {variant_point(SOUP): (3.0, [1, 1, 1, 0], 4.0), variant_point(SFT): (1.0, [0, 0, 0, 0], 1.0)}
    scores = {"here": [scored(points)], "there": [scored(dict(zip(points, reversed(points.values()))))]}
    trainings = {
        SOUP: [np.array([[0.0, 0.0], [3.0, 2.0], [9.0, 5.0]])],
        SFT: [np.array([[0.0, 0.0], [1.0, 2.0]])],
    }
    table = comparison_table(scores, trainings, [(SOUP, SFT)], resamples=50)
    assert set(table["policy"]) == {SOUP.name}
    found = table.set_index(["prompts", "comparison"])["value"].to_dict()
    assert found == {
        ("here", "reward"): 2,
        ("here", "gold reward"): 0.75,
        ("here", "KL to θ_sft1"): 3,
        ("here", "win rate"): 7 / 8,
        ("there", "reward"): -2,
        ("there", "gold reward"): -0.75,
        ("there", "KL to θ_sft1"): -3,
        ("there", "win rate"): 1 / 8,
        ("of training", "best reward at equal KL"): 2,
    }


def test_a_policy_that_starts_at_the_soup_does_not_count_for_where_the_others_began():
    from_soup = Variant("soup", 0.5, 0.1)
    points = {variant_point(of): (0.0, [0, 0, 0, 0], 0.0) for of in (from_soup, SFT)}
    trainings = {from_soup: [np.array([[5.0, 1.0], [6.0, 2.0]])], SFT: [np.array([[1.0, 0.0], [0.5, 2.0]])]}
    table = comparison_table({"here": [scored(points)]}, trainings, [(from_soup, SFT)], resamples=10)
    assert table.set_index("comparison")["value"]["best reward at equal KL"] == 6 - 1


def test_the_soup_against_the_models_that_it_is_made_of():
    points = {
        ("sft", "sft/1"): (1.0, [0] * 4, 0),
        ("sft", "sft/2"): (2.0, [0] * 4, 0),
        ("sft", "sft/soup"): (4.0, [0] * 4, 0),
    }
    means = Means.of([scored(points)], ["reward"], resamples=10)
    assert soup_table(means, ["reward"]).set_index("soup minus")["value"].to_dict() == {
        "θ_sft1": 3,
        "θ_sft2": 2,
        "the better one": 2,
    }


def test_reward_above_the_chord_along_the_segment():
    """From 4 at α = 0 to 1 at α = 1 the chord has 3 and 2 in between."""
    rewards = {0.0: 4.0, 1 / 3: 5.0, 2 / 3: 1.0, 1.0: 1.0}
    points = {plane_point({"sft1": a, "sft2": 1 - a}): (reward, [0] * 4, 0) for a, reward in rewards.items()}
    table = segment_table(Means.of([scored(points)], ["reward"], resamples=10), ["reward"], divisions=3)
    assert list(table["alpha"]) == [1 / 3, 2 / 3]
    assert list(table["value"]) == pytest.approx([2, -1])
