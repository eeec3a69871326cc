"""Combinations of LoRA policies, many in one batch, are those of the full weights, one after the other."""

import copy

import pytest
import torch

from lib.evaluation.full_policies import FullPolicies
from lib.evaluation.lora_policies import LoraPolicies, together
from lib.evaluation.points import Point
from lib.evaluation.scores import score
from lib.models.lora_in_memory import read
from lib.models.lora_on_disk import is_adapter
from lib.models.weights import set_weights, weights_of
from lib.policies.combinations import One
from lib.policies.log_probabilities import next_token_log_probabilities
from lib.reward_models.loading import Reward
from tests.test_adapters import base, policies  # noqa: F401 (fixtures)

PROMPTS = ["the sea", "a calm day", "cold"]
RESTS = [" was calm", " by the sea", " days and wild nights"]
POINTS = [
    Point("linear", (0.0, 1.0, 0.0), None),
    Point("linear", (0.0, 0.3, 0.7), None),
    Point("linear", (0.2, 0.3, 0.5), None),
    Point("slerp", (0.0, 0.6, 0.4), None),
    Point("logits", (0.0, 0.6, 0.4), None),
    Point("linear", (0.0, 1.0, 0.0), (0.25, 0.0, 0.75)),
    Point("affine", (0.0, 1.5, -0.5), None),
    Point("linear", (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)),
]


@pytest.fixture
def both_kinds(policies, base, tmp_path):  # noqa: F811
    """The same three policies twice: LoRA factors, and all of the weights."""
    whole = []
    for folder in policies:
        model = copy.deepcopy(base)
        set_weights(model, weights_of(read(folder, base)))
        whole.append(tmp_path / "whole" / folder.name)
        model.save_pretrained(whole[-1])

    def read_lora(path):
        return read(path, base)

    def read_whole(path):
        return type(base).from_pretrained(path).eval()

    return LoraPolicies(policies, policies[0], read_lora), FullPolicies(whole, whole[0], read_whole)


def scored(all_policies, tokenizer):
    found = {}
    length = Reward("length", lambda prompts, completions: [len(p + c) for p, c in zip(prompts, completions)])
    for group, combined, references in all_policies.combinations(POINTS):
        tables = score(
            combined,
            references=references,
            tokenizer=tokenizer,
            prompts=PROMPTS,
            rests=RESTS,
            rewards=[length],
            max_new_tokens=5,
            temperature=1.0,
            kl_estimator="exact_per_token",
            seed=0,
            at_once=6,
        )
        found |= dict(zip(group, tables))
    return found


def test_lora_policies_are_scored_as_full_weights_are(both_kinds, tokenizer):
    lora, full = (scored(kind, tokenizer) for kind in both_kinds)
    assert lora.keys() == full.keys() == set(POINTS)
    for point in POINTS:
        assert list(lora[point].columns) == list(full[point].columns)
        assert list(lora[point]["completion"]) == list(full[point]["completion"])
        assert list(lora[point]["tokens"]) == list(full[point]["tokens"])
        for column in [name for name in full[point].columns if name.startswith(("kl", "bits"))]:
            assert list(lora[point][column]) == pytest.approx(list(full[point][column]), rel=1e-3, abs=1e-5)
    assert lora[POINTS[5]]["kl_to_anchor"].min() > 1e-3
    assert list(lora[POINTS[0]]["completion"]) == list(lora[POINTS[5]]["completion"])


def test_one_batch_has_what_the_merged_models_compute(both_kinds, tokenizer):
    """To 1e-5, whatever stands in the other rows of the batch."""
    lora, full = both_kinds
    points = [Point("linear", (0.0, 1 - weight, weight), None) for weight in (0.0, 0.2, 0.5, 1.0)]
    points.append(POINTS[3])
    prompts, texts = tokenizer(PROMPTS)["input_ids"], tokenizer(["was wild", " and", "the"])["input_ids"]
    [(group, sweep, _)] = lora.combinations(points)
    assert set(group) == set(points)
    with sweep.together(range(len(group)), len(prompts)) as mixed:
        batch, _, _ = next_token_log_probabilities(*mixed, prompts * len(group), texts * len(group), 1.0)
    with sweep.alone(group.index(POINTS[3])) as mixed:
        alone, _, _ = next_token_log_probabilities(*mixed, prompts, texts, 1.0)
    by_point = dict(zip(group, batch.split(len(prompts))))
    assert torch.allclose(by_point[POINTS[3]], alone, atol=1e-5)
    for [point], combined, _ in full.combinations(points):
        with combined.alone(0) as mixed:
            expected, _, _ = next_token_log_probabilities(*mixed, prompts, texts, 1.0)
        assert torch.allclose(by_point[point], expected, atol=1e-5)


def test_the_adapters_are_left_as_they_were(both_kinds):
    lora, _ = both_kinds
    module = lora.model.get_base_model().get_submodule("model.layers.0.self_attn.q_proj")
    before = dict(module.scaling)
    for _, sweep, _ in lora.combinations(POINTS[1:2]):
        with pytest.raises(RuntimeError), sweep.together([0], 2):
            assert module.scaling != before
            raise RuntimeError
    assert module.scaling == before == dict.fromkeys(before, 1.0)


def test_points_share_a_batch_where_their_policies_do():
    groups = together(POINTS)
    assert [point for group in groups for point in group if point.merge == "logits"] == [POINTS[4]]
    assert sorted(map(len, groups)) == [1, 1, 1, 5]
    assert set(next(group for group in groups if len(group) == 5)) == {*POINTS[:4], POINTS[6]}


def test_one_combination_is_every_number_of_itself(llama, both_kinds, tokenizer):
    with One([llama]).alone(3) as alone:
        assert alone == ([llama], (1.0,))
    prompts = tokenizer(PROMPTS)["input_ids"]
    [(_, sweep, references)] = both_kinds[0].combinations(POINTS[:3])
    assert (sweep.count, references["kl"].count) == (3, 1)
    logits = references["kl"].decoding([1, 2], prompts).after(None)
    assert torch.equal(logits, references["kl"].decoding([0], prompts * 2).after(None))


def test_combinations_that_decode_together_are_each_alone(both_kinds, tokenizer):
    prompts, drawn = tokenizer(PROMPTS)["input_ids"], torch.tensor([4, 5, 6])
    [(_, sweep, _)] = both_kinds[0].combinations(POINTS[:3])
    together = sweep.decoding([0, 2], prompts)
    for step in (None, drawn.repeat(2)):
        logits = together.after(step)
    for number, found in zip([0, 2], logits.split(3)):
        alone = sweep.decoding([number], prompts)
        alone.after(None)
        assert torch.allclose(found, alone.after(drawn), atol=1e-5)


def test_the_factors_are_known_by_their_file(policies, tmp_path):  # noqa: F811
    assert all(map(is_adapter, policies))
    assert not is_adapter(tmp_path / "base")
