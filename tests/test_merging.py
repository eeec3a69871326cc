import math

import pytest
import torch
from safetensors.torch import load_file

from lib.merges.slerp import slerp_coefficients
from lib.merges.task_vectors import add_task_vectors, angle, inner_products, layer_of, norm
from lib.merging import MERGES, equal_weights, linear_soup, liti, slerp, task_vector
from tests.make_nuslerp import FILE, WEIGHT

FIRST, SECOND = torch.eye(2, dtype=torch.float64)
START = {"model.layers.0.a": torch.tensor([1.0, 1.0]), "model.layers.0.b": torch.tensor([1.0, 1.0])}


def moved(*delta: float) -> dict[str, torch.Tensor]:
    """START plus a task vector of one layer with these four coordinates."""
    return {
        "model.layers.0.a": START["model.layers.0.a"] + torch.tensor(delta[:2]),
        "model.layers.0.b": START["model.layers.0.b"] + torch.tensor(delta[2:]),
    }


def length(policy: dict[str, torch.Tensor]) -> float:
    return norm(inner_products([[task_vector(policy, START)]])["model.layers.0"], FIRST[:1])


def test_soup_of_two_worked_by_hand():
    a = {"w": torch.tensor([1.0, 2.0]), "b": torch.tensor([0.0])}
    b = {"w": torch.tensor([3.0, -2.0]), "b": torch.tensor([4.0])}
    soup = linear_soup([a, b], [0.25, 0.75])
    assert soup["w"].tolist() == [2.5, -1.0]
    assert soup["b"].tolist() == [3.0]


def test_soup_of_three_worked_by_hand():
    policies = [{"w": torch.tensor([x])} for x in (1.0, 2.0, 8.0)]
    assert linear_soup(policies, [0.5, 0.25, 0.25])["w"].item() == 3.0


def test_an_extrapolated_soup_worked_by_hand():
    """The weights of Bone Soups for a user who wants the first reward alone: B⁻¹ (1, 0) with β = .75."""
    policies = [{"w": torch.tensor([x])} for x in (1.0, 3.0)]
    assert MERGES["affine"]({}, policies, [1.5, -0.5])["w"].item() == 0.0
    with pytest.raises(ValueError, match="must sum to 1"):
        MERGES["affine"]({}, policies, [1.5, 0.5])
    with pytest.raises(ValueError, match="at least 0"):
        MERGES["linear"]({}, policies, [1.5, -0.5])


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


@pytest.mark.parametrize("degrees", [60, 90, 120])
def test_slerp_keeps_the_norm_and_lerp_shrinks_it(degrees):
    """WARP's two lemmas: |δ_slerp| = l, |δ_lerp| = l √(1 − 2 (1 − cos Ω)(λ − λ²))."""
    cosine = math.cos(math.radians(degrees))
    sine = 5 * math.sqrt(1 - cosine**2)
    first, second = moved(3, 0, 0, 4), moved(3 * cosine, sine, 0, 4 * cosine)  # both 5 long, over both tensors
    for weight in (0.25, 0.5, 0.8):
        assert length(slerp(START, [first, second], [weight])) == pytest.approx(5, rel=1e-6)
        lerp = length(linear_soup([first, second], [1 - weight, weight]))
        assert lerp == pytest.approx(5 * math.sqrt(1 - 2 * (1 - cosine) * (weight - weight**2)), rel=1e-6)


def test_slerp_worked_by_hand():
    """At 60° and λ = 1/3 the factors are sin 40° / sin 60° and sin 20° / sin 60°."""
    first, second = moved(2, 0, 0, 0), moved(1, math.sqrt(3), 0, 0)
    merged = task_vector(slerp(START, [first, second], [1 / 3]), START)["model.layers.0.a"]
    a, b = (math.sin(math.radians(turn)) / math.sin(math.radians(60)) for turn in (40, 20))
    assert merged.tolist() == pytest.approx([2 * a + b, math.sqrt(3) * b], rel=1e-5)
    assert math.atan2(merged[1], merged[0]) == pytest.approx(math.radians(20), rel=1e-5)


@pytest.mark.parametrize(("weight", "end"), [(0.0, 0), (1.0, 1)])
def test_slerp_ends_at_the_policies(weight, end):
    policies = [moved(1, 2, 3, 4), moved(-2, 1, 0, 5)]
    merged = slerp(START, policies, [weight])
    assert all(torch.allclose(merged[name], policies[end][name]) for name in START)


def test_each_layer_has_its_angle():
    """One layer turns, the other does not; a tensor outside the blocks is a layer of its own."""
    start = {name: torch.zeros(2) for name in ("model.embed.weight", "model.layers.0.a", "model.layers.10.a")}
    first = {name: torch.tensor([1.0, 0.0]) for name in start}
    second = {name: torch.tensor([0.0, 1.0]) for name in start} | {"model.layers.10.a": torch.tensor([2.0, 0.0])}
    products = inner_products([[first, second]])
    assert {layer: angle(product, FIRST, SECOND) for layer, product in products.items()} == pytest.approx(
        {"model.embed.weight": math.pi / 2, "model.layers.0": math.pi / 2, "model.layers.10": 0}
    )
    merged = slerp(start, [first, second], [0.5])
    assert merged["model.layers.0.a"].tolist() == pytest.approx([math.sqrt(0.5)] * 2)
    assert merged["model.layers.10.a"].tolist() == pytest.approx([1.5, 0])  # at 0° it is LERP


def test_the_unit_of_an_angle_is_a_transformer_block():
    assert layer_of("model.layers.3.self_attn.q_proj.weight") == "model.layers.3"
    assert layer_of("transformer.h.11.mlp.weight") == "transformer.h.11"
    assert layer_of("encoder.layer.1.output.weight") == "encoder.layer.1"
    assert layer_of("h.0.attn.weight") == "h.0"
    assert layer_of("model.embed_tokens.weight") == "model.embed_tokens.weight"


def test_unequal_norms_are_the_formula():
    merged = task_vector(slerp(START, [moved(2, 0, 0, 0), moved(0, 8, 0, 0)], [0.5]), START)["model.layers.0.a"]
    assert merged.tolist() == pytest.approx([2 * math.sqrt(0.5), 8 * math.sqrt(0.5)], rel=1e-6)


def test_three_policies_are_merged_in_the_papers_order():
    """slerp(slerp(1, 2, 1/2), 3, 1/3): three orthogonal task vectors of length 1 give 1/√3 each."""
    policies = [moved(1, 0, 0, 0), moved(0, 1, 0, 0), moved(0, 0, 1, 0)]
    inner = slerp(START, policies[:2], [1 / 2])
    expected = slerp(START, [inner, policies[2]], [1 / 3])
    merged = slerp(START, policies, equal_weights(3))
    assert all(torch.allclose(merged[name], expected[name], rtol=0, atol=1e-6) for name in START)
    assert length(merged) == pytest.approx(1, rel=1e-6)
    third = math.sin(math.radians(30))  # of the third, at 90° to the merge of the two
    assert merged["model.layers.0.b"][0].item() - 1 == pytest.approx(third, rel=1e-6)


def test_one_policy_is_its_own_merge():
    policy = moved(1, 2, 3, 4)
    merged = slerp(START, [policy], equal_weights(1))
    assert all(torch.allclose(merged[name], policy[name], rtol=0, atol=1e-6) for name in START)


def test_a_merge_in_parts_is_the_merge_of_the_whole():
    """Both tensors are of one layer, whose angle is known only after the last part."""
    policies = [moved(1, 2, 3, 4), moved(-2, 1, 0, 5), moved(1, 0, 0, -1)]
    parts = [[{name: policy[name]} for policy in (START, *policies)] for name in START]
    products = inner_products([task_vector(policy, start) for policy in trained] for start, *trained in parts)
    coefficients = slerp_coefficients(products, equal_weights(3))
    whole = slerp(START, policies, equal_weights(3))
    for start, *trained in parts:
        for name, tensor in add_task_vectors(start, trained, coefficients).items():
            assert torch.equal(tensor, whole[name])


def test_opposite_task_vectors_have_no_path():
    with pytest.raises(ValueError, match=r"layer model\.layers\.0: the task vectors point in opposite directions"):
        slerp(START, [moved(1, 0, 0, 0), moved(-2, 0, 0, 0)], [0.5])


def test_a_zero_task_vector_has_no_direction():
    with pytest.raises(ValueError, match=r"layer model\.layers\.0: one task vector is zero"):
        slerp(START, [moved(0, 0, 0, 0), moved(1, 0, 0, 0)], [0.5])
    assert length(slerp(START, [moved(0, 0, 0, 0), moved(0, 0, 0, 0)], [0.5])) == 0


def test_a_policy_that_has_diverged_is_not_merged():
    diverged = moved(1, 2, 3, math.nan)
    with pytest.raises(ValueError, match=r"layer model\.layers\.0 has numbers that are not finite"):
        slerp(START, [moved(1, 0, 0, 0), diverged], [0.5])


def test_liti_at_its_ends_and_between():
    merged = moved(2, 0, 0, 4)
    assert all(torch.equal(liti(START, merged, 0)[name], START[name]) for name in START)
    assert all(torch.equal(liti(START, merged, 1)[name], merged[name]) for name in START)
    assert length(liti(START, merged, 0.25)) == pytest.approx(math.sqrt(20) / 4)


def test_slerp_agrees_with_nuslerp_of_mergekit():
    """mergekit's unit is the tensor, so each tensor is given as a layer of its own."""
    stored = load_file(FILE)
    names = {name.partition("/")[2] for name in stored}
    assert len(names) == 12
    for name in names:
        start, first, second = ({name: stored[f"{model}/{name}"]} for model in ("start", "first", "second"))
        assert torch.allclose(slerp(start, [first, second], [WEIGHT])[name], stored[f"merged/{name}"], atol=1e-6)
        assert not torch.allclose(
            linear_soup([first, second], [1 - WEIGHT, WEIGHT])[name], stored[f"merged/{name}"], atol=1e-3
        )
