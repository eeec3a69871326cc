"""The table of merges: answers worked by hand, mergekit's answers, and where each merge is done."""

from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from lib.evaluation.points import Point, as_point
from lib.merges.dare import dare
from lib.merges.ties import ties, trim
from lib.merging import MERGES, TensorMerge, merge_named
from lib.models import streaming
from lib.models.lora_on_disk import is_adapter
from lib.models.merges_on_disk import write_merge
from lib.models.weights import weights_of
from lib.policies.log_probabilities import next_token_log_probabilities
from scripts.merge import write
from tests.make_merges import FILE, WEIGHTS
from tests.make_nuslerp import FILE as MODELS
from tests.make_nuslerp import small_llama
from tests.test_adapters import base, full, policies, same  # noqa: F401 (fixtures)
from tests.test_combinations import PROMPTS, both_kinds  # noqa: F401 (a fixture)

HALVES = [0.5, 0.5]
EVERY = pytest.mark.parametrize("name", MERGES)


def merged(name: str, deltas: list[list[float]], of: list[float], start: float = 1.0) -> list[float]:
    """What a merge adds to a start of one tensor whose numbers are all equal."""
    origin = torch.full((len(deltas[0]),), start)
    of_policies = [{"w": origin + torch.tensor(delta)} for delta in deltas]
    return (MERGES[name]({"w": origin}, of_policies, of)["w"] - origin).tolist()


@pytest.mark.parametrize(
    ("name", "deltas", "of", "expected"),
    [
        ("linear", [[1, 0], [3, 4]], [0.25, 0.75], [2.5, 3]),
        ("liti", [[1, 0], [3, 4]], [0.25, 0.75], [0.75, 0.9]),  # 0.3 of it
        ("slerp", [[2, 0], [0, 2]], HALVES, [2**0.5, 2**0.5]),
        ("slerp", [[1, 0, 0], [0, 1, 0], [0, 0, 1]], [1 / 3] * 3, [0.612, 0.612, 0.5]),  # 30° of the third
        ("model_stock", [[1, 0], [0.6, 0.8]], HALVES, [0.6, 0.3]),  # cos Ω = 0.6, t = 1.2 / 1.6
        ("model_stock", [[1, 1, 0], [1, 0, 1], [0, 1, 1]], [1 / 3] * 3, [0.5, 0.5, 0.5]),  # ½, t = 1.5 / 2
        ("model_stock", [[1, 0], [0, 1]], HALVES, [0, 0]),
        ("ties", [[5, 1, 1, 1, 1], [2, 9, 1, 1, 1]], HALVES, [5, 9, 0, 0, 0]),  # one of five stays
        ("ties", [[5, 1, 1, 1, 1], [-9, 1, 1, 1, 1]], HALVES, [-9, 0, 0, 0, 0]),
        ("ties", [[5, 1, 1, 1, 1], [-9, 1, 1, 1, 1]], [0.75, 0.25], [5, 0, 0, 0, 0]),  # 3.75 against 2.25
        ("ties", [[5, 1, 1, 1, 1], [9, 1, 1, 1, 1]], [0.75, 0.25], [6, 0, 0, 0, 0]),
    ],
)
def test_answers_worked_by_hand(name, deltas, of, expected):
    assert merged(name, deltas, of) == pytest.approx(expected, abs=1e-3 if len(expected) == 3 else 1e-6)


def test_ties_worked_by_hand_where_half_of_the_numbers_stay():
    deltas = torch.tensor([[4, -3, 1, 0.5], [2, 5, -6, 0.1]])
    assert trim(deltas[1], 0.5).tolist() == [0, 5, -6, 0]
    assert ties(deltas, HALVES, "w", density=0.5).tolist() == [4, 5, -6, 0]
    assert ties(deltas, [0.75, 0.25], "w", density=0.5).tolist() == [4, -3, -6, 0]
    assert ties(deltas, [0.75, 0.25], "w", density=1).tolist() == pytest.approx([3.5, -3, -6, 0.4])


def test_dare_drops_nine_of_ten_numbers_and_makes_the_others_ten_times_as_large():
    delta = torch.linspace(1, 2, 100_000)[None]
    found = dare(delta, [1.0], "w")
    stays = found != 0
    assert torch.allclose(found[stays], 10 * delta[0][stays])
    assert stays.float().mean() == pytest.approx(0.1, abs=5e-3)  # five standard deviations
    assert found.mean() == pytest.approx(1.5, abs=0.075)  # as large on average as it was


def test_dare_draws_for_each_policy_and_by_the_name_of_the_tensor():
    ones = torch.ones(2, 1000)
    assert torch.equal(dare(ones, HALVES, "w"), dare(ones.view(2, 10, 100), HALVES, "w").flatten())
    assert not torch.equal(dare(ones, HALVES, "w"), dare(ones, HALVES, "v"))
    assert not torch.equal(dare(ones, HALVES, "w"), dare(ones, HALVES, "w", seed=1))
    assert set(dare(ones, HALVES, "w").round(decimals=4).tolist()) == {0.0, 5.0, 10.0}


def test_each_tensor_has_an_angle_of_its_own_in_model_stock_and_each_layer_in_slerp():
    start = {f"model.layers.0.{name}": torch.zeros(2) for name in "ab"}
    along, across = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    first = {"model.layers.0.a": along, "model.layers.0.b": along}
    second = {"model.layers.0.a": along, "model.layers.0.b": across}
    stock = MERGES["model_stock"](start, [first, second], HALVES)
    assert stock["model.layers.0.a"].tolist() == [1, 0]
    assert stock["model.layers.0.b"].tolist() == pytest.approx([0, 0], abs=1e-7)
    turned = MERGES["slerp"](start, [first, second], HALVES)  # 60° between (1, 0, 1, 0) and (1, 0, 0, 1)
    assert turned["model.layers.0.b"].tolist() == pytest.approx([0.5 / 3**0.5 * 2] * 2)


@pytest.mark.parametrize(("ours", "theirs"), [(name.partition("_equal")[0], name) for name in WEIGHTS])
def test_mergekit_has_the_same(ours, theirs):
    """dare where nothing is dropped, as mergekit draws other random numbers."""
    models, expected = load_file(MODELS), load_file(FILE)
    start, first, second = (
        {name.partition("/")[2]: tensor for name, tensor in models.items() if name.startswith(f"{model}/")}
        for model in ("start", "first", "second")
    )
    merge = TensorMerge(formula="", source="", function=partial(dare, dropped=0)) if ours == "dare" else MERGES[ours]
    found = merge(start, [first, second], WEIGHTS[theirs])
    assert len(found) == 12
    for name, tensor in found.items():
        assert torch.allclose(tensor, expected[f"{theirs}/{name}"], atol=1e-6)


@EVERY
def test_linear_is_what_adds_up(name):
    """The merge of sums is the sum of the merges; by dare too, whose random numbers are those of the tensor."""
    torch.manual_seed(1)
    first, second = ([{"w": torch.randn(50)} for _ in range(2)] for _ in range(2))
    zero, both = {"w": torch.zeros(50)}, [{"w": a["w"] + b["w"]} for a, b in zip(first, second)]
    merge = partial(MERGES[name], zero, weights=HALVES)
    adds_up = torch.allclose(merge(both)["w"], merge(first)["w"] + merge(second)["w"], atol=1e-5)
    assert adds_up == (MERGES[name].linear or name == "dare")


@EVERY
def test_the_ends_are_kept_where_the_table_says_so(name):
    start, first, second = ({"w": torch.randn(10)} for _ in range(3))
    merge = MERGES[name]
    if name == "model_stock":
        with pytest.raises(ValueError, match="at equal weights"):
            merge(start, [first, second], [0.0, 1.0])
        return
    found = merge(start, [first, second], [0.0, 1.0])["w"]
    assert torch.allclose(found, second["w"], atol=1e-6) == merge.keeps_ends


@EVERY
def test_weights_off_the_simplex_and_diverged_policies_are_refused(name):
    start, diverged = {"w": torch.zeros(3)}, [{"w": torch.ones(3)}, {"w": torch.tensor([1.0, 2.0, torch.nan])}]
    with pytest.raises(ValueError, match=r"weights must (be at least 0 and )?sum to 1"):
        MERGES[name](start, diverged, [0.5, 0.6])
    if not MERGES[name].linear:
        with pytest.raises(ValueError, match="w has numbers that are not finite: a policy has diverged"):
            MERGES[name](start, diverged, HALVES)


def test_model_stock_of_task_vectors_that_cancel_is_refused():
    with pytest.raises(ValueError, match="tensor w: the task vectors' directions add up to nothing"):
        merged("model_stock", [[1, 0], [-2, 0]], HALVES)


@pytest.fixture
def models(tmp_path: Path) -> list[Path]:
    """A start and two policies in float32."""
    folders = [tmp_path / name for name in ("start", "first", "second")]
    for folder, seed, noise in zip(folders, range(3), (0.0, 0.01, 0.02)):
        small_llama(seed, noise).save_pretrained(folder)
    return folders


@EVERY
def test_a_merge_on_disk_is_that_of_whole_models(name, models, tmp_path, monkeypatch):
    """In fragments of 40 numbers where the merge allows it."""
    monkeypatch.setattr(streaming, "PIECE", 40)
    write_merge(MERGES[name], models[0], models[1:], HALVES, tmp_path / "merged")
    start, *trained = (load_file(model / "model.safetensors") for model in models)
    written = load_file(tmp_path / "merged" / "model.safetensors")
    assert same(written, MERGES[name](start, trained, HALVES), 1e-7)
    assert not same(written, start, 1e-4)


@EVERY
def test_a_merge_of_lora_policies_on_disk_is_that_of_the_full_weights(name, policies, base, tmp_path):  # noqa: F811
    start, *trained = (full(folder, base) for folder in policies)
    write_merge(MERGES[name], policies[0], policies[1:], HALVES, tmp_path / "merged")
    dense = isinstance(MERGES[name], TensorMerge)
    assert is_adapter(tmp_path / "merged") != dense
    found = weights_of(type(base).from_pretrained(tmp_path / "merged")) if dense else full(tmp_path / "merged", base)
    assert same(found, MERGES[name](start, trained, HALVES), 1e-5)


def test_a_dense_merge_on_a_base_model_in_bfloat16_keeps_small_changes(policies, base, tmp_path):  # noqa: F811
    base.bfloat16().save_pretrained(tmp_path / "base")
    write_merge(MERGES["ties"], policies[0], policies[1:], HALVES, tmp_path / "merged")
    assert all(tensor.dtype == torch.float32 for tensor in load_file(tmp_path / "merged/model.safetensors").values())
    assert type(base).from_pretrained(tmp_path / "merged").dtype == torch.float32


def log_probabilities(all_policies, tokenizer, points):
    prompts, texts = tokenizer(PROMPTS)["input_ids"], tokenizer(["was wild", " and", "the"])["input_ids"]
    found = {}
    for group, combined, _ in all_policies.combinations(points):
        for number, point in enumerate(group):
            with combined.alone(number) as mixed:
                found[point], _, _ = next_token_log_probabilities(*mixed, prompts, texts, 1.0)
    return found


def test_all_merges_of_lora_policies_are_scored_as_those_of_full_weights(both_kinds, tokenizer):  # noqa: F811
    """A merge of the start with others is among them."""
    points = [Point(name, (0.0, 0.5, 0.5), None) for name in MERGES if name != "affine"]  # which is linear there
    points += [Point("affine", (-0.5, 0.3, 1.2), None)]
    points += [Point("ties", (0.0, 0.3, 0.7), None), Point("liti", (0.5, 0.5, 0.0), None)]
    lora, whole = (log_probabilities(kind, tokenizer, points) for kind in both_kinds)
    assert lora.keys() == whole.keys() == set(points)
    for point in points:
        assert torch.allclose(lora[point], whole[point], atol=1e-4), point
    for first, second in pairwise(points):
        assert not torch.allclose(lora[first], lora[second], atol=1e-2)


@pytest.mark.parametrize("unknown", ["weights", "median", "nowhere:median", "lib.merging:median", "lib.merging:slerp"])
def test_an_unknown_merge_is_refused_by_name_everywhere(unknown, both_kinds):  # noqa: F811
    with pytest.raises(ValueError, match=unknown):
        merge_named(unknown)
    with pytest.raises(ValueError, match=unknown):
        as_point(unknown, [0.5, 0.5])
    for kind in both_kinds:
        with pytest.raises(ValueError, match=unknown):
            list(kind.combinations([Point(unknown, (0.0, 0.5, 0.5), None)]))


def test_the_table_is_listed_where_a_merge_is_unknown():
    with pytest.raises(ValueError, match=f"'median' is no merge: there are {', '.join(MERGES)}"):
        merge_named("median")


def test_a_policy_alone_is_itself_by_merges_that_keep_the_ends():
    alone = [0.0, 1.0]
    assert {as_point(name, alone).merge for name in ("linear", "affine", "slerp", "logits")} == {"linear"}
    assert as_point("affine", [1.0, 0.5, -0.5]).merge == "affine"
    assert {name: as_point(name, alone).merge for name in ("liti", "ties", "dare")} == {
        name: name for name in ("liti", "ties", "dare")
    }


def test_a_merge_of_another_shape_is_refused():
    first = TensorMerge(formula="", source="", function=lambda deltas, λ, name: deltas[0, :1])
    with pytest.raises(ValueError, match=r"tensor w: the merge has the shape \(1,\), not \(3,\)"):
        first({"w": torch.zeros(3)}, [{"w": torch.ones(3)}], [1.0])


def test_only_sums_of_the_policies_alone_do_without_the_start():
    assert [name for name, merge in MERGES.items() if not merge.from_start] == ["linear", "affine"]
    assert MERGES["linear"].models("start", ["first", "second"]) == ["first", "second"]
    assert MERGES["liti"].models("start", ["first", "second"]) == ["start", "first", "second"]
    assert MERGES["liti"].coefficients([0.5, 0.5]) == pytest.approx([0.7, 0.15, 0.15])


@pytest.mark.parametrize("name", ["linear", "slerp", "ties"])
def test_the_card_says_what_the_merge_is(name, policies, base, tmp_path):  # noqa: F811
    write(policies[0], policies[1:], tmp_path / "merged", merge=name, weights=[0.25, 0.75])
    card = (tmp_path / "merged/README.md").read_text()
    assert MERGES[name].formula in card and MERGES[name].source in card
    assert f"| 0.75 | `{policies[2]}` |" in card
    assert ("all weights W + B A, in float32" in card) == (name == "ties")
