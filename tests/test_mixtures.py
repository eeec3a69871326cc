import pytest

from lib.reward_models.mixtures import between, mixture_name, mixture_weights, simplex


@pytest.mark.parametrize(
    ("weights", "name"),
    [
        ({"a": 1.0, "b": 0.0}, "a"),
        ({"b": 0.7, "a": 0.3}, "a=0.3+b=0.7"),
        ({"a": 0.00001, "b": 0.99999}, "a=0.00001+b=0.99999"),
        ({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, "a=0.333333+b=0.333333+c=0.333333"),
        ({"a": 1 / 6, "b": 2 / 3, "c": 1 / 6}, "a=0.166667+b=0.666667+c=0.166667"),
    ],
)
def test_a_mixture_has_one_name_and_back(weights, name):
    assert mixture_name(weights) == name
    present = {reward: weight for reward, weight in weights.items() if weight}
    assert mixture_weights(name) == pytest.approx(present)
    assert sum(mixture_weights(name).values()) == pytest.approx(1)


@pytest.mark.parametrize(
    "name", ["b=0.7+a=0.3", "a=0.30+b=0.70", "a=1", "a=0.3+b=0.8", "a=0.5+a=0.5", "a+b", "A", "a=2", ""]
)
def test_what_is_no_mixture_is_refused(name):
    with pytest.raises(ValueError, match="mixture"):
        mixture_weights(name)


def test_simplex_of_two_worked_by_hand():
    assert simplex(["a", "b"], 2) == [{"a": 0, "b": 1}, {"a": 0.5, "b": 0.5}, {"a": 1, "b": 0}]


def test_simplex_of_three_has_its_corners_and_sums_to_one():
    points = simplex(["a", "b", "c"], 4)
    assert len(points) == 15
    assert all(sum(point.values()) == 1 for point in points)
    assert {"a": 0, "b": 0, "c": 1} in points


def test_between_two_the_ends_are_the_two():
    assert between(["a", "b"], [0, 0.3, 1]) == ["b", "a=0.3+b=0.7", "a"]
