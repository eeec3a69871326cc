import pytest
import torch

from lib.merging import linear_soup


def test_soup_of_two_worked_by_hand():
    a = {"w": torch.tensor([1.0, 2.0]), "b": torch.tensor([0.0])}
    b = {"w": torch.tensor([3.0, -2.0]), "b": torch.tensor([4.0])}
    soup = linear_soup([a, b], [0.25, 0.75])
    assert soup["w"].tolist() == [2.5, -1.0]
    assert soup["b"].tolist() == [3.0]


def test_soup_of_three_worked_by_hand():
    policies = [{"w": torch.tensor([x])} for x in (1.0, 2.0, 8.0)]
    assert linear_soup(policies, [0.5, 0.25, 0.25])["w"].item() == 3.0


def test_all_weight_on_one_gives_that_one_exactly():
    a, b = {"w": torch.randn(50)}, {"w": torch.randn(50)}
    assert torch.equal(linear_soup([a, b], [0.0, 1.0])["w"], b["w"])


def test_arguments_are_not_changed():
    a, b = {"w": torch.ones(3)}, {"w": torch.zeros(3)}
    linear_soup([a, b], [0.5, 0.5])
    assert a["w"].tolist() == [1, 1, 1]
    assert b["w"].tolist() == [0, 0, 0]


def test_bfloat16_policies_are_summed_in_float32():
    # 1 + 2^-8 has no bfloat16: its mantissa ends at 2^-7
    a, b = {"w": torch.tensor([1.0], dtype=torch.bfloat16)}, {"w": torch.tensor([1 + 2**-7], dtype=torch.bfloat16)}
    soup = linear_soup([a, b], [0.5, 0.5])["w"]
    assert soup.dtype == torch.float32
    assert soup.item() == 1 + 2**-8


@pytest.mark.parametrize("weights", [[0.5, 0.6], [1.5, -0.5], [1.0]])
def test_weights_off_the_simplex_are_refused(weights):
    with pytest.raises(ValueError, match="weights"):
        linear_soup([{"w": torch.ones(1)}, {"w": torch.ones(1)}], weights)


def test_policies_of_different_architectures_are_refused_by_name():
    with pytest.raises(ValueError, match=r"layer\.weight"):
        linear_soup([{"layer.weight": torch.ones(2)}, {"layer.weight": torch.ones(3)}], [0.5, 0.5])
    with pytest.raises(ValueError, match="extra"):
        linear_soup([{"w": torch.ones(2)}, {"w": torch.ones(2), "extra": torch.ones(1)}], [0.5, 0.5])
