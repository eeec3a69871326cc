"""Nothing goes wrong in silence: steps that were not made, sizes beyond the data, rewards that are constant."""

import json
import re

import pytest

from lib.data.fits import BEYOND, DISJOINT, VALIDATION, misfits
from lib.graph.logged_warnings import logged_warnings
from lib.jobs.checkpoints import Checkpoints
from lib.models.language_models import new_llama, train_tokenizer
from lib.policies.doubts import doubts
from lib.statistics.fronts import is_flat
from scripts.fits import check
from tests.checkout import Checkout
from tests.small_trainings import TEXTS, TRAININGS, write_inputs

FOUND = {
    "context": 32,
    "duplicates removed": 7,
    "longest prompt": 20,
    "train": {"prompts": 8, "with a completion": 6, "labelled": {"rating": 5}, "domains": {"tweet": 3, "movie": 1}},
    "validation": {"prompts": 2},
    "test": {"prompts": 3, "prompts left out": 1},
}
SIZES = {
    "policy.prompts_per_step": 8,
    "policy.max_new_tokens": 12,
    "sft.texts": 6,
    "sft.batch_size": 6,
    "reward_model.batch_size": 5,
    "evaluation.prompts": 3,
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    tokens = train_tokenizer(TEXTS * 20, 300)
    write_inputs(folder, new_llama(tokens, hidden_size=16, layers=1, heads=2, context=32, seed=0), tokens)
    return folder


def train(inputs, tmp_path, kind, **changes):
    job = TRAININGS[kind]
    job = job._replace(settings=job.settings | changes)
    (tmp_path / "made").mkdir()
    job.here(inputs, tmp_path / "made", Checkpoints(tmp_path / "checkpoints", 5, {}, {}), None)


@pytest.mark.parametrize("kind", ["rloo", "grpo", "ppo"])
def test_a_batch_beyond_the_data_is_an_error_and_not_a_training_of_no_steps(inputs, tmp_path, kind):
    with pytest.raises(ValueError, match=r"made 0 steps, not \d+"):
        train(inputs, tmp_path, kind, prompts_per_step=500)


def test_sizes_that_fit_are_passed_and_those_that_do_not_are_named_at_once():
    assert not list(misfits(SIZES, {"rewards.good.label": "rating"}, FOUND, further=[]))
    larger = {key: size + 1 for key, size in SIZES.items()}
    found = list(misfits(larger, {"rewards.good.label": {"tweet": 1, "movie": 0}}, FOUND, further=[BEYOND]))
    assert {line.partition(":")[0] for line in found} == SIZES.keys() - {"sft.batch_size"}
    assert "there are 8 training prompts (7 duplicates were removed), not 9" in found[0]
    assert "the longest prompt has 20 tokens; with 13 more it exceeds the model's context of 32" in found[-1]
    ensembles = {"reward_ensembles.pairs": 8, "reward_ensembles.held_out_pairs": 2}
    ensembles |= {"reward_ensembles.batch_size": 9, "reward_ensembles.best_of_prompts": 3}
    found = [line.partition(":")[0] for line in misfits(SIZES | ensembles, {}, FOUND, further=[])]
    assert found == ["policy.prompts_per_step", "reward_ensembles.batch_size"]  # these policies learn from validation
    none_left_out = FOUND | {"test": {"prompts": 3, "prompts left out": 0}}
    [none] = misfits(SIZES, {}, none_left_out, further=[BEYOND])
    assert none == "data.left_out: there is no prompt of that domain in the test split"
    [both] = misfits(SIZES | {"sft.texts": 4, "sft.batch_size": 4}, {}, FOUND, further=[DISJOINT])
    assert both == (
        "sft.texts: there are 3 training prompts with a completion for each of two models (sft.disjoint)"
        " (7 duplicates were removed), not 4"
    )


def test_what_is_there_is_counted_and_what_is_written_does_not_depend_on_the_sizes(inputs, tmp_path):
    rows = [
        {"text": f"{i} the sea was calm", "split": split, "rating": None if i < 2 else i, "domain": domain}
        for split in ("train", "validation", "test")
        for domain, numbers in (("tweet", range(6)), ("movie", range(6, 8)))
        for i in numbers
    ]
    rows = [row | {"text": f"{row['split']} {row['text']}"} for row in rows]
    (tmp_path / "snippets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "counts.json").write_text(json.dumps({"duplicates removed": 0}))

    def checked(**sizes):
        given = {"policy.prompts_per_step": 2, "policy.max_new_tokens": 4, "sft.texts": 4, "sft.batch_size": 2}
        given |= {"reward_model.batch_size": 2, "evaluation.prompts": 4} | sizes
        asked = {"sizes": given, "labels": {"rewards.good.label": "rating"}, "further": [BEYOND, VALIDATION]}
        (tmp_path / "sizes.json").write_text(json.dumps(asked))
        check(
            inputs / "base",
            tmp_path / "snippets.jsonl",
            tmp_path / "counts.json",
            tmp_path / "lengths.json",
            prompt_words=2,
            left_out="movie",
        )
        return (tmp_path / "lengths.json").read_text()

    with pytest.raises(ValueError, match=r"sft\.texts: there are 6 .*, not 7$"):
        checked(**{"sft.texts": 7})
    written = checked(**{"evaluation.prompts": 2})
    found = json.loads(written)
    assert found["train"]["prompts"] == 6 and found["train"]["labelled"] == {"rating": 6}
    assert found["train"]["domains"] == {"movie": 2, "tweet": 6} and found["test"]["prompts left out"] == 2
    assert checked(**{"evaluation.prompts": 1, "sft.texts": 3}) == written


def test_a_constant_reward_and_a_policy_that_stands_still_are_said():
    batches = [{"rewards/a/std": 0.0, "rewards/a/mean": 1.0, "rewards/b/std": 0.2, "rewards/b/mean": 0.0}] * 3
    [constant] = doubts(batches, {"a": 1.0, "b": 1.0}, [0.0, 0.5])
    assert constant.startswith("the reward a was 1 for all completions")
    assert not list(doubts(batches, {"a": 0.0, "b": 1.0}, [0.0, 0.5]))
    [still] = doubts(batches, {"b": 1.0}, [0.0, 1e-6])
    assert still.startswith("the policy has not moved")


def test_a_training_on_a_constant_reward_warns(inputs, tmp_path, capsys):
    reward = {"same": {"kind": "function", "function": "tests.test_silence:same", "weight": 1.0}}
    train(inputs, tmp_path, "rloo", reward=reward, steps=3)
    assert "warning: the reward same was 3 for all completions" in capsys.readouterr().out


def same(prompts, completions):
    return [3] * len(completions)


def test_a_front_is_flat_where_no_reward_moves():
    assert is_flat([[0, 0], [0.001, 0.001]], [1, 1])
    assert not is_flat([[0, 0], [0.001, 0.1]], [1, 1])


def test_the_end_of_a_run_says_each_warning_once(tmp_path):
    for name, lines in {
        "a": ["warning: flat", "step 1"],
        "b": ["warning: flat", "warning: still"],
        "c": ["fine"],
    }.items():
        (tmp_path / f"{name}.log").write_text("\n".join(lines))
    logs = [f"{tmp_path}/{name}.log" for name in ("b", "a", "c", "not there")]
    assert logged_warnings(logs).splitlines() == [
        f"warning: flat ({tmp_path}/a.log and 1 more)",
        f"warning: still ({tmp_path}/b.log)",
    ]
    assert logged_warnings([]) == ""


@pytest.mark.long
def test_another_size_is_checked_again_and_trains_nothing_again(tmp_path):
    checkout, model = Checkout.at(tmp_path / "checkout"), "results/smoke/sft/1"
    checkout.snakemake("--", model)
    checkout.edit_params({"evaluation.prompts": 9})
    assert not checkout.would_make("--", model)
    checkout.edit_params({"evaluation.prompts": 9000, "sft.learning_rate": 0.002})
    said = checkout.snakemake("--", model, fails=True)
    assert re.search(r"evaluation\.prompts: there are \d+ .*, not 9000", said)
    checkout.edit_params({"sft.learning_rate": 0.001})
    checkout.edit_params({"evaluation.prompts": 10})
    checkout.snakemake("--", model)
    assert not checkout.would_make("--", model)
