"""LoRA policies are merged as the full weights that they stand for."""

import copy
import json

import pytest
import torch
from safetensors.torch import load_file

from lib.merges.slerp import slerp_coefficients
from lib.merges.task_vectors import add_task_vectors, inner_products
from lib.merging import ema, equal_weights, linear_soup, liti, slerp, task_vector
from lib.models.lora_in_memory import (
    TRAINED,
    WithDelta,
    deltas,
    factors_of,
    read,
    sharing,
    trainable,
    with_dense_deltas,
)
from lib.models.lora_on_disk import base_of, is_adapter, merge_adapters, on_one_basis, read_factors, write_factors
from lib.models.streaming import merge, pieces
from lib.models.weights import weights_of
from lib.policies.anchors import MovingAnchor

LORA = {"rank": 2, "alpha": 6, "modules": ["q_proj", "v_proj", "up_proj"]}
IDS = torch.tensor([[1, 5, 6, 9, 12]])


def learned(model, seed):
    """A policy that has learned something on top of a model, of its own seed."""
    policy = trainable(sharing(model) if not hasattr(model, "peft_config") else model, LORA, seed)
    for name, parameter in policy.named_parameters():
        if f"lora_B.{TRAINED}" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    return policy


@pytest.fixture
def base(tmp_path, llama):
    llama.save_pretrained(tmp_path / "base")
    return llama.requires_grad_(False)


@pytest.fixture
def policies(tmp_path, base):
    """An SFT model and two policies that started from it, as directories."""
    folders = [tmp_path / name for name in ("sft", "first", "second")]
    write_factors(factors_of(learned(base, 0)), tmp_path / "base", folders[0])
    for seed, folder in enumerate(folders[1:], 1):
        write_factors(factors_of(learned(read(folders[0], base), seed)), tmp_path / "base", folder)
    return folders


def full(folder, base):
    """All the weights of a LoRA policy."""
    return weights_of(read(folder, base))


def same(ours, theirs, tolerance=1e-6):
    assert ours.keys() == theirs.keys()
    return all(torch.allclose(ours[name], theirs[name], atol=tolerance) for name in ours)


def test_a_policy_starts_as_what_it_was_given(policies, base):
    start = read(policies[0], base)
    assert torch.equal(trainable(read(policies[0], base), LORA, 5)(IDS).logits, start(IDS).logits)
    assert torch.equal(trainable(sharing(base), LORA, 5)(IDS).logits, base(IDS).logits)


def test_a_module_that_the_model_has_not_is_named_with_those_that_it_has(llama):
    """PEFT would leave it out without a word as long as one other is there."""
    with pytest.raises(ValueError, match=r"lora\.modules: the model has no module query; it has .*k_proj.*v_proj"):
        trainable(llama, LORA | {"modules": ["q_proj", "query"]}, seed=0)


def test_only_the_new_factors_learn(policies, base):
    policy = trainable(read(policies[0], base), LORA, 5)
    learning = [name for name, parameter in policy.named_parameters() if parameter.requires_grad]
    assert len(learning) == 2 * 3 * 2  # A and B of three modules in each of two layers
    assert all(f".{TRAINED}." in name for name in learning)


def test_what_is_written_is_what_was_learned(policies, base, tmp_path):
    policy = learned(read(policies[0], base), 7)
    write_factors(factors_of(policy), tmp_path / "base", tmp_path / "policy")
    assert is_adapter(tmp_path / "policy") and base_of(tmp_path / "policy") == tmp_path / "base"
    assert torch.allclose(read(tmp_path / "policy", base)(IDS).logits, policy(IDS).logits, atol=1e-6)
    assert same(full(tmp_path / "policy", base), weights_of(policy))
    assert json.loads((tmp_path / "policy/adapter_config.json").read_text())["r"] == 4  # the SFT model's and its own


def test_the_base_model_is_shared_and_stays_as_it_is(policies, base):
    before = copy.deepcopy(base.state_dict())
    logits = base(IDS).logits
    first, second = read(policies[1], base), read(policies[2], base)
    place = "model.layers.0.self_attn.q_proj"
    shared = [model.get_base_model().get_submodule(place).base_layer.weight for model in (first, second)]
    assert shared[0].data_ptr() == shared[1].data_ptr() == base.get_submodule(place).weight.data_ptr()
    assert torch.equal(base(IDS).logits, logits)
    assert all(torch.equal(before[name], tensor) for name, tensor in base.state_dict().items())


def test_what_two_policies_have_in_common_is_there_once(policies):
    basis, coordinates = on_one_basis([read_factors(folder) for folder in policies])
    for name, a in basis.items():
        assert len(a) == 6  # two rows of the SFT model, two of each policy
        sft, first, second = (policy[name] for policy in coordinates)
        assert torch.equal(first[:, :2], sft[:, :2]) and torch.equal(second[:, :2], sft[:, :2])
        assert not sft[:, 2:].any() and not first[:, 4:].any() and not second[:, 2:4].any()


def test_a_soup_is_that_of_the_full_weights_and_not_of_a_and_b(policies, base, tmp_path):
    merge(policies[1:], [tmp_path / "soup"], lambda parts: [linear_soup(parts, [0.3, 0.7])])
    expected = linear_soup([full(folder, base) for folder in policies[1:]], [0.3, 0.7])
    assert same(full(tmp_path / "soup", base), expected)
    a_and_b = linear_soup([load_file(folder / "adapter_model.safetensors") for folder in policies[1:]], [0.3, 0.7])
    name = "base_model.model.model.layers.0.self_attn.q_proj.lora_{}.weight"
    apart = a_and_b[name.format("B")] @ a_and_b[name.format("A")]
    exact = (
        expected["model.layers.0.self_attn.q_proj.weight"] - weights_of(base)["model.layers.0.self_attn.q_proj.weight"]
    )
    assert (apart - exact).norm() > 0.1 * exact.norm()


def test_slerp_and_liti_are_those_of_the_full_weights(policies, base, tmp_path):
    """As scripts/warp_merge.py merges."""
    start, *trained = [full(folder, base) for folder in policies]
    products = inner_products(
        [task_vector(policy, origin) for policy in others] for origin, *others in pieces(policies)
    )
    coefficients = slerp_coefficients(products, equal_weights(2))

    def combine(parts):
        origin, *others = parts
        slerped = add_task_vectors(origin, others, coefficients)
        return slerped, liti(origin, slerped, 0.3)

    merge(policies, [tmp_path / "slerp", tmp_path / "end"], combine)
    expected = slerp(start, trained, equal_weights(2))
    assert same(full(tmp_path / "slerp", base), expected, 1e-5)
    assert same(full(tmp_path / "end", base), liti(start, expected, 0.3), 1e-5)


def test_pieces_of_a_lora_policy_are_all_of_its_weights(policies, base):
    found = {}
    for [part] in pieces(policies[1:2]):
        for name, tensor in part.items():
            found.setdefault(name, []).append(tensor)
    expected = full(policies[1], base)
    assert all(torch.allclose(torch.cat(found[name]), tensor.flatten(), atol=1e-6) for name, tensor in expected.items())


def test_the_moving_average_of_lora_policies_is_that_of_the_full_weights(policies, base):
    anchor, policy = read(policies[0], base), learned(read(policies[0], base), 1)
    expected = full(policies[0], base)
    moving = MovingAnchor(anchor, policy, 0.3)
    for seed in range(3):
        torch.manual_seed(seed)
        for parameter in policy.parameters():
            if parameter.requires_grad:
                torch.nn.init.normal_(parameter, std=0.1)
        moving.on_step_end(None, None, None)
        ema(expected, weights_of(policy), 0.3)
    plain = copy.deepcopy(base)
    plain.load_state_dict(expected, strict=False)
    assert torch.allclose(moving.model(IDS).logits, plain(IDS).logits, atol=1e-5)
    assert not torch.allclose(moving.model(IDS).logits, base(IDS).logits, atol=1e-2)


def test_a_small_delta_is_not_lost_beside_weights_in_bfloat16():
    layer = torch.nn.Linear(2, 1, bias=False).bfloat16().requires_grad_(False)
    layer.weight.copy_(torch.tensor([[1.0, -1.0]]))
    delta, ones = torch.tensor([[2.0**-10, 0.0]]), torch.ones(2, dtype=torch.bfloat16)
    assert torch.nn.functional.linear(ones, (layer.weight + delta).bfloat16()).item() == 0
    assert WithDelta(layer, delta)(ones).item() == 2.0**-10


def test_dense_deltas_leave_the_policy_as_it_is(policies, base):
    model, moved = with_dense_deltas(read(policies[1], base))
    assert torch.allclose(model(IDS).logits, read(policies[1], base)(IDS).logits, atol=1e-6)
    assert moved.keys() == deltas(read(policies[1], base)).keys()


def test_policies_of_different_base_models_are_refused(policies, base, tmp_path):
    write_factors(read_factors(policies[2]), tmp_path / "elsewhere", tmp_path / "other")
    with pytest.raises(ValueError, match=r"different base models: .*base, .*elsewhere"):
        merge_adapters([policies[1], tmp_path / "other"], [], list)


def test_policies_that_change_different_weights_are_refused(policies):
    first, second = (read_factors(folder) for folder in policies[1:])
    del second["model.layers.1.self_attn.q_proj.weight"]
    with pytest.raises(ValueError, match=r"differ in model\.layers\.1\.self_attn\.q_proj\.weight"):
        on_one_basis([first, second])
