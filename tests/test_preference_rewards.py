"""Rewards from pairs of answers of which people prefer one: what is read, what is learned, what is said of it."""

import itertools
import json
import math
import random
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from datasets import Dataset

from lib.data.preference_rows import common_beginning, parted, sides
from lib.data.preferences import columns_of, pairs_of, split_pairs
from lib.data.reading import rows
from lib.data.snippets import split_by
from lib.examples import preferred
from lib.graph.checks import shape_problems, shared_problems
from lib.graph.experiment import Experiment
from lib.graph.preferences import PreferenceRewards
from lib.graph.rewards import Rewards
from lib.jobs.checkpoints import Checkpoints
from lib.papers.register import PAPERS
from lib.reporting.preferences import part, verdict
from lib.reward_models.heads import bradley_terry
from lib.reward_models.loading import load
from lib.reward_models.preference_findings import held_out_findings
from lib.statistics.shares import independent, share
from scripts.preference_findings import write_findings
from scripts.preference_model import train_on_preferences
from scripts.preference_pairs import write_pairs
from tests.checkout import ROOT, Checkout

ASKED = [{"role": "user", "content": "Is the sea calm?"}]
YES, NO = {"role": "assistant", "content": "Yes."}, {"role": "assistant", "content": "No."}
PLAIN = {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}
SIDES = {"chosen": "chosen", "rejected": "rejected"}
HH = "\n\nHuman: Is it calm?\n\nAssistant:"


def people(pairs: int, noise: float, seed: int = 0) -> list[dict]:
    """Pairs as people might make them: of two answers the one with more calm words is preferred, but for some noise.

    Every fourth pair shares its prompt with another one.
    """
    draw = random.Random(seed)
    made = []
    while len(made) < pairs:
        one, other = ([draw.choice(["calm", "wild", "cold"]) for _ in range(4)] for _ in range(2))
        if one.count("calm") == other.count("calm"):
            continue
        if (one.count("calm") < other.count("calm")) != (draw.random() < noise):
            one, other = other, one
        prompt = f"day {len(made) // 4 * 4 if len(made) % 4 == 3 else len(made)}"
        made.append({"prompt": prompt, "chosen": " " + " ".join(one), "rejected": " " + " ".join(other)})
    return made


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


# What a row says


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"prompt": "Calm?", "chosen": "Yes.", "rejected": "No."}, ("Calm?", "Yes.", "No.")),
        ({"chosen": "Calm? Yes.", "rejected": "Calm? No."}, ("Calm?", " Yes.", " No.")),
        ({"chosen": f"{HH} I say so", "rejected": f"{HH} I say no"}, (HH, " I say so", " I say no")),
        ({"chosen": "calm", "rejected": "wild"}, ("", "calm", "wild")),
        ({"chosen": "the sea", "rejected": "the sea was"}, ("the", " sea", " sea was")),
        ({"prompt": ASKED, "chosen": [YES], "rejected": [NO]}, (ASKED, "Yes.", "No.")),
        ({"chosen": [*ASKED, YES], "rejected": [*ASKED, NO]}, (ASKED, "Yes.", "No.")),
        ({"prompt": ASKED[0]["content"], "chosen": [*ASKED, YES], "rejected": [*ASKED, NO]}, (ASKED, "Yes.", "No.")),
        ({"prompt": ASKED[0]["content"], "chosen": [YES], "rejected": [NO]}, (ASKED, "Yes.", "No.")),
        ({"prompt": ASKED, "chosen": "Yes.", "rejected": "No."}, (ASKED, "Yes.", "No.")),
        (
            {"prompt": [*ASKED, YES], "chosen": [*ASKED, NO], "rejected": [*ASKED, YES]},
            ([*ASKED, YES, *ASKED], "No.", "Yes."),
        ),
    ],
    ids=[
        "plain",
        "plain, no prompt",
        "dialogue",
        "nothing shared",
        "one begins the other",
        "messages",
        "whole",
        "prompt twice",
        "prompt a text",
        "answers texts",
        "several turns",
    ],
)
def test_every_form_of_trl_is_read(row, expected):
    assert sides(row, PLAIN if "prompt" in row else SIDES) == expected


def test_conversations_that_part_before_the_answer_are_no_pair():
    other = [{"role": "user", "content": "Is it wild?"}]
    assert sides({"chosen": [*ASKED, YES], "rejected": [*other, NO]}, SIDES) is None


def test_a_prompt_is_parted_from_its_answer_once():
    assert [parted(*texts) for texts in (("a", "b"), ("a ", "b"), ("a", "\nb"), ("", "b"))] == [" b", "b", "\nb", "b"]
    assert common_beginning("I like cats", "I like cows") == "I like"


def test_one_file_makes_prompts_and_completions_too():
    assert preferred({"prompt": "Calm?", "chosen": "Yes.", "rejected": "No."}) == ("Calm?", " Yes.")
    assert preferred({"asked": "Calm?", "good": "Yes.", "bad": "No."}, "asked", "good", "bad") == ("Calm?", " Yes.")
    assert preferred({"chosen": [*ASKED, YES], "rejected": [*ASKED, NO]}) == (ASKED, "Yes.")
    assert preferred({"chosen": "calm", "rejected": "wild"}) is None


# What is read from a file


@pytest.fixture
def read(tmp_path):
    """Reads lines as the job does; what it writes, and its report."""

    def from_lines(lines, base=None, chat=None, **columns):
        given = write(tmp_path / "given.jsonl", lines)
        settings = {"key": "rewards.helpful", "source": "given.jsonl", "revision": None, "name": None, "split": "train"}
        made = tmp_path / "pairs.jsonl", tmp_path / "pairs.json"
        write_pairs(base, [given], *made, **settings, columns=columns, chat=chat, held_out=0.2)
        return [json.loads(line) for line in made[0].read_text().splitlines()], json.loads(made[1].read_text())

    return from_lines


def test_equal_texts_are_left_out_and_a_pair_is_taken_once(read):
    lines = people(100, 0)
    bad = [lines[0], {"prompt": "day", "chosen": "calm", "rejected": " calm "}]
    pairs, report = read(lines + bad)
    texts = {(line["prompt"] + line["chosen"], line["prompt"] + line["rejected"]) for line in lines}
    assert {(pair["chosen"], pair["rejected"]) for pair in pairs} == texts and len(pairs) == len(texts)
    assert report["found"] == 102 and report["equal texts"] == 1
    assert report["duplicates"] == 101 - len(texts)
    assert report["train"] + report["validation"] + report["test"] == len(texts)


def test_a_prompt_is_in_the_split_that_it_has_as_a_prompt_of_the_data(read):
    lines = people(100, 0)
    pairs, _ = read(lines)
    expected = split_by(str, dict.fromkeys(line["prompt"].upper() for line in lines), 0.2)
    for pair in pairs:
        assert pair["prompt"].upper() in expected[pair["split"]]


def test_pairs_without_a_prompt_are_split_by_their_texts(read):
    lines = [{key: line[key].strip() for key in SIDES} for line in people(60, 0)]
    swapped = [{"chosen": line["rejected"], "rejected": line["chosen"]} for line in lines]
    pairs, report = read(lines + swapped)
    splits = pd.DataFrame(pairs).groupby("group")["split"].nunique()
    assert splits.max() == 1 and min(report[split] for split in ("train", "validation", "test")) > 0


def test_margins_and_ties_are_read_where_they_are_named(read):
    lines = [line | {"strength": i % 3, "equal": i % 4 == 0} for i, line in enumerate(people(60, 0))]
    plain, _ = read(lines)
    assert {pair["margin"] for pair in plain} == {0} and not any(pair["tie"] for pair in plain)
    pairs, report = read(lines, margin="strength", tie="equal")
    assert report["ties"] == sum(pair["tie"] for pair in pairs) > 0
    assert {pair["margin"] for pair in pairs if pair["tie"]} == {0}
    assert {pair["margin"] for pair in pairs if not pair["tie"]} == {0, 1, 2}


TEMPLATE = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
TEMPLATE += "{% if add_generation_prompt %}<assistant>{% endif %}"


@pytest.fixture
def chat_model(tmp_path, tokenizer):
    tokenizer.save_pretrained(tmp_path / "chat")
    (tmp_path / "chat/chat_template.jinja").write_text(TEMPLATE)
    return tmp_path / "chat"


def test_in_a_chat_prompts_are_rendered_and_answers_follow_at_once(read, chat_model):
    lines = [
        {"prompt": [{"role": "user", "content": f"day {i}"}], "chosen": [YES], "rejected": [NO]} for i in range(40)
    ]
    pairs, _ = read(lines, chat_model, {"system": "Be kind."})
    assert {pair["chosen"] for pair in pairs} == {f"<system>Be kind.<user>day {i}<assistant>Yes." for i in range(40)}
    plain = [{"prompt": f"day {i}", "chosen": " Yes.", "rejected": " No."} for i in range(40)]
    assert read(plain, chat_model, {"system": "Be kind."})[0] == pairs


def test_a_directory_of_parquet_is_read_as_a_file_is(tmp_path):
    lines = people(60, 0)
    (tmp_path / "directory").mkdir()
    Dataset.from_list(lines).to_parquet(tmp_path / "directory/train.parquet")
    given = tmp_path / "directory", write(tmp_path / "file.jsonl", lines)
    tables = [list(rows(str(path), None, None, "train", "rewards.helpful.preferences", path)) for path in given]
    assert tables == [lines, lines]


# Mistakes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", " is empty"),
        (b'{"chosen": "a"}\n{"chosen": "caf\xe9"}\n', ", line 2: byte 0xe9 is not UTF-8"),
        (b'{"chosen": "a"}\n{"chosen": \n', ", line 2: it is no JSON"),
        (b"3\n", ", line 1: a row has to be a JSON object"),
    ],
    ids=["empty", "not UTF-8", "cut off", "no object"],
)
def test_a_file_that_is_none_is_told_with_its_line(tmp_path, content, message):
    given, key = tmp_path / "given.jsonl", "rewards.helpful.preferences"
    given.write_bytes(content)
    with pytest.raises(ValueError, match=f"^{key}: {given}{message}"):
        rows(str(given), None, None, "train", key, given)


def test_a_file_with_values_of_different_kinds_is_told_with_the_row(read):
    with pytest.raises(ValueError, match=r"^rewards.helpful.preferences: given.jsonl, row 2: column chosen is neither"):
        read([GOOD, GOOD | {"chosen": 3}])


GOOD = {"prompt": "Calm?", "chosen": "Yes.", "rejected": "No."}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rejected": ""}, "column rejected is empty"),
        ({"rejected": None}, "column rejected is empty"),
        ({"chosen": 3}, "column chosen is neither a text nor a list of messages: 3"),
        ({"chosen": [{"role": "user"}], "rejected": [NO]}, "column chosen has a message without the texts role and"),
        ({"chosen": ["Yes."]}, "column chosen has a message without the texts role and content"),
        ({"chosen": [*ASKED, YES, *ASKED], "rejected": [NO]}, "column chosen does not end with an answer"),
        ({"chosen": [YES], "rejected": [NO]}, "it has conversations, and data.chat is missing: add"),
        ({"strength": -1}, "column strength is no number from 0 on: -1"),
        ({"strength": "much"}, "column strength is no number from 0 on: 'much'"),
        ({"equal": "no"}, "column equal is neither true nor false: 'no'"),
    ],
)
def test_a_row_that_is_no_pair_is_told_with_its_number_and_column(wrong, message):
    good = GOOD | {"strength": 1, "equal": False}
    columns = PLAIN | {"margin": "strength", "tie": "equal"}
    with pytest.raises(ValueError, match=f"^pairs.jsonl, row 2: {message}"):
        pairs_of([good, good | wrong], columns, None, "pairs.jsonl")


def test_a_missing_column_is_told_with_those_that_are_there():
    there = "pairs.jsonl has no column answer; its columns are prompt, chosen, rejected"
    with pytest.raises(ValueError, match=f"^rewards.helpful.columns.chosen: {there}$"):
        columns_of(list(PLAIN), {"chosen": "answer"}, "rewards.helpful", "pairs.jsonl")
    assert columns_of(["chosen", "rejected"], {}, "rewards.helpful", "pairs.jsonl") == SIDES


def test_texts_without_prompts_are_no_chat():
    with pytest.raises(ValueError, match=r"row 1: it has texts without a prompt of their own"):
        pairs_of([{"chosen": "Calm? Yes.", "rejected": "Calm? No."}], SIDES, str, "pairs.jsonl")


def test_too_few_pairs_are_told():
    pairs, _ = pairs_of([GOOD], PLAIN, None, "pairs.jsonl")
    with pytest.raises(ValueError, match=r"^pairs.jsonl: of 1 pairs none that is not a tie falls into the \w+ split"):
        split_pairs(pairs, 0.1, "pairs.jsonl")


# What is learned


def test_the_loss_with_margins_and_ties_worked_by_hand():
    """Δ = log 3: −log σ = log 4/3, less a margin of log 3 log 2; a tie ½ log 4/3 + ½ log 4, whatever its margin."""
    chosen, nothing = torch.full((3, 1), math.log(3)), torch.zeros(3, 1)
    margins, ties = torch.tensor([0.0, math.log(3), 7.0]), torch.tensor([False, False, True])
    tied = (math.log(4 / 3) + math.log(4)) / 2
    losses = torch.tensor([math.log(4 / 3), math.log(2), tied])
    for i, loss in enumerate(losses):
        weights = torch.eye(3)[i].view(3, 1) * 3
        assert bradley_terry(chosen, nothing, weights, margins, ties).item() == pytest.approx(loss.item())
    assert bradley_terry(chosen, nothing, torch.ones(3, 1), margins, ties) == pytest.approx(losses.mean().item())


def test_a_tie_is_best_explained_by_equal_scores():
    chosen = torch.tensor([[2.0]], requires_grad=True)
    ones, tie = torch.ones(1, 1), torch.tensor([True])
    bradley_terry(chosen, torch.zeros(1, 1), ones, torch.zeros(1), tie).backward()
    assert chosen.grad.item() == pytest.approx(1 / (1 + math.exp(-2)) - 0.5)


@pytest.fixture
def trained(tmp_path, llama, tokenizer, read):
    """Trains on pairs of `people`, a tenth of which are the wrong way round; the folder and the findings."""

    def train(pairs=600, noise=0.1, models=1, aggregate="worst_case", **changed):
        for one in (llama, tokenizer):
            one.save_pretrained(tmp_path / "base")
        read(people(pairs, noise))
        settings = {"heads": 3, "frozen": False, "epochs": 4, "batch_size": 16, "parts": 1, "learning_rate": 0.01}
        settings |= {"warmup_steps": 5, "clip_norm": 1.0, "lora": None}
        settings |= {"compute": {"device": "cpu", "precision": "float32"}} | changed
        made = [[tmp_path / f"model-{k}{ending}" for ending in ("", ".json", ".csv")] for k in range(models)]
        for k, outputs in enumerate(made):
            checkpoints = Checkpoints(tmp_path / "checkpoints", 1000, job=k, made_of={})
            train_on_preferences(tmp_path / "base", tmp_path / "pairs.jsonl", *outputs, checkpoints, seed=k, **settings)
        reports, held_out = ([outputs[i] for outputs in made] for i in (1, 2))
        findings = tmp_path / "findings.json"
        said = {"ensemble": "3 heads, worst case", "aggregate": aggregate, "coefficient": 0.5}
        write_findings(tmp_path / "pairs.json", reports, held_out, findings, **said)
        return [str(outputs[0]) for outputs in made], json.loads(findings.read_text())

    return train


@pytest.mark.parametrize("frozen", [False, True], ids=["joint", "frozen"])
def test_heads_learn_what_people_prefer(trained, frozen):
    """A frozen encoder, here a random one, knows less of the words."""
    [model], found = trained(frozen=frozen, learning_rate=0.1 if frozen else 0.01)
    assert found["accuracy"]["value"] > (0.65 if frozen else 0.8)
    assert found["accuracy"]["low"] > 0.5
    assert len(found["accuracy of members"]) == 3
    source = {"kind": "preferences", "models": [model], "aggregate": "worst_case", "coefficient": 0}
    calm, wild = load("helpful", source)(["day 7", "day 7"], [" calm calm calm calm", " wild wild wild wild"])
    assert calm > wild


def test_several_models_are_one_reward(trained):
    models, found = trained(pairs=300, models=2, heads=1, aggregate="uncertainty_weighted")
    assert len(models) == len(found["accuracy of members"]) == 2
    assert found["accuracy"]["low"] > 0.5


def test_of_noise_it_is_said_that_nothing_was_learned(trained, tmp_path):
    _, found = trained(pairs=300, noise=0.5)
    text, numbers = part({"helpful": tmp_path / "findings.json"})
    assert "it has not learned to tell them apart" in text
    assert numbers == {"accuracy on held-out preferences": {"helpful": found["accuracy"]}}


def test_a_text_longer_than_the_context_is_left_out_and_counted(trained, tmp_path, llama, tokenizer):
    llama.config.max_position_embeddings = 11
    _, found = trained(pairs=300, epochs=0.5)
    used = pd.read_json(tmp_path / "pairs.jsonl", lines=True).query("split != 'test'")
    longer = [max(len(ids) for ids in tokenizer(list(texts))["input_ids"]) > 11 for texts in used[list(SIDES)].values]
    assert 0 < found["too long"] == sum(longer) < len(used)


# In the parameters and the graph


def experiment(rewards, gold=None):
    """The default experiment with other rewards."""
    config = yaml.safe_load((ROOT / "params.yaml").read_text())
    config["rewards"] |= rewards
    config["gold"] = gold or config["gold"]
    return Experiment(config, ROOT, ["params.yaml"])


HUB = {"preferences": "hub:org/pairs", "revision": "0" * 40}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"preferences": "no/such.jsonl"}, ["preferences: there is no no/such.jsonl"]),
        ({"preferences": "hub:org/pairs"}, ["revision"]),
        ({"preferences": "README.md", "revision": "0" * 40}, ["revision"]),
        ({"preferences": "README.md", "split": "test"}, ["split: a file is read as a whole"]),
        (HUB | {"members": 3}, ["members"]),
        (HUB | {"columns": {"better": "chosen"}}, ["columns", "better"]),
        (HUB | {"ensemble": "heads", "coefficient": 1}, ["coefficient: only `aggregate: uncertainty_weighted`"]),
    ],
)
@pytest.mark.parametrize("name", ["rewards.mine", "gold"])
def test_a_mistake_in_the_parameters_is_told_with_its_key(spec, words, name):
    mine = experiment({}, gold=spec) if name == "gold" else experiment({"mine": spec})
    papers = {paper: ROOT / f"lib/papers/{paper}/schema.yaml" for paper in PAPERS}
    key, found = next(itertools.chain(shape_problems(mine, papers), shared_problems(mine)))
    assert key.startswith(name)
    assert all(word in f"{key}: {found}" for word in words)


def test_a_reward_of_several_models_trains_each_and_one_of_heads_trains_one():
    specs = {"several": HUB | {"ensemble": "models", "members": 2}, "heads": HUB | {"ensemble": "heads", "seed": 3}}
    mine = experiment(specs, gold=HUB)
    graph, rewards = PreferenceRewards(mine), Rewards(mine)
    assert list(graph.specs) == ["gold", "heads", "several"]
    folder = "results/nano/preferences"
    assert rewards.source("several")["models"] == [f"{folder}/several/model-1", f"{folder}/several/model-2"]
    assert rewards.source("heads") == {
        "kind": "preferences",
        "models": [f"{folder}/heads/model-1"],
        "aggregate": "worst_case",
        "coefficient": 0,
    }
    assert rewards.gold_files() == [f"{folder}/gold/model-1"]
    assert not rewards.gold_is_fitted and rewards.gold_keys() == ["gold"]
    trained = [
        json.loads(graph.training(SimpleNamespace(reward=reward, number=number)))
        for reward, number in (("several", 1), ("several", 2), ("heads", 1), ("gold", 1))
    ]
    assert [settings["heads"] for settings in trained] == [1, 1, 3, 1]
    assert [settings["seed"] for settings in trained] == [1, 2, 301, 1]


def test_members_that_are_added_leave_the_models_that_are_there():
    for_two, for_three = (
        PreferenceRewards(experiment({"mine": HUB | {"ensemble": "models", "members": members}})) for members in (2, 3)
    )
    first = SimpleNamespace(reward="mine", number=1)
    assert (for_two.training(first), for_two.training_keys(first)) == (
        for_three.training(first),
        for_three.training_keys(first),
    )


@pytest.mark.long
def test_rewards_and_the_judge_of_an_experiment_may_all_be_preferences(tmp_path):
    """One file is the data, too."""
    checkout = Checkout.at(tmp_path / "repository")
    write(checkout.root / "pairs.jsonl", people(400, 0.1))
    own = {"source": "pairs.jsonl", "split": "train", "rows": {"function": "lib.examples:preferred"}, "labels": []}
    changes = {"data": own | {"held_out": 0.2, "prompt_words": None, "left_out": None}, "sft.texts": 32}
    changes |= {"rewards.positivity": {"preferences": "pairs.jsonl", "ensemble": "heads"}}
    changes |= {"rewards.editorial": {"preferences": "pairs.jsonl"}, "gold": {"preferences": "pairs.jsonl"}}
    checkout.edit_params(changes)
    checkout.snakemake("--", "results/smoke/scores/sft/seed-1.csv", "results/smoke/policy/positivity/seed-1")
    scores = pd.read_csv(checkout.root / "results/smoke/scores/sft/seed-1.csv")
    assert scores[["positivity", "editorial", "gold"]].nunique().min() > 2
    splits = [pd.read_json(checkout.root / "results/smoke" / file, lines=True) for file in SPLIT_FILES]
    by_prompt = [dict(zip(table["prompt"], table["split"])) for table in splits]
    assert by_prompt[0] == by_prompt[1]


SPLIT_FILES = ["data/snippets.jsonl", "preferences/positivity/pairs.jsonl"]


# What is said of it


def test_a_share_worked_by_hand():
    """Ten of ten in groups of their own: the lower end is n / (n + z²). In two groups of five it is that of two."""
    assert share(np.full(10, True), np.arange(10))["low"] == pytest.approx(10 / (10 + 1.959964**2))
    assert share(np.full(10, True), np.arange(10) // 5)["low"] == pytest.approx(2 / (2 + 1.959964**2))
    half = np.arange(8) % 2 == 0
    assert share(half, np.arange(8))["low"] == pytest.approx(1 - share(half, np.arange(8))["high"])


def test_pairs_with_the_same_prompt_count_for_less_where_they_are_alike():
    """Four prompts of two pairs each: half as many where both pairs of a prompt agree, never more than there are."""
    groups = np.arange(8) // 2
    alike = np.array([True, True, False, False] * 2)
    assert independent(alike, groups) == pytest.approx(3)  # 8 / (8 · (4/3) · ¼ / 2 / ½), with the 4 − 1 of the variance
    assert independent(np.array([True, False] * 4), groups) == 8


def table(rows):
    return pd.DataFrame(rows, columns=["group", "tie", "chosen_0", "rejected_0", "chosen_1", "rejected_1"])


def test_findings_worked_by_hand():
    """The second head is right once of three times, in scores ten times as large. Of four pairs one is a tie."""
    models = [table([(0, False, 1, 0, 0, 10), (1, False, 1, 0, 10, 0), (2, False, 3, 0, 0, 9), (3, True, 0, 9, 0, 9)])]
    scales = [{"mean": [0.0, 0.0], "std": [1.0, 10.0]}]
    found = held_out_findings(models, scales, "mean", 0)
    assert [member["value"] for member in found["accuracy of members"]] == pytest.approx([1, 1 / 3])
    assert found["accuracy"]["value"] == pytest.approx(2 / 3)  # 1 − 1 is no preference, 1 + 1 and 3 − .9 are
    assert found["held-out pairs"] == 3
    assert [row["pairs"] for row in found["reliability"]] == [1, 1, 1]
    surest = found["reliability"][-1]
    assert surest["predicted"] == pytest.approx((1 / (1 + math.exp(-1)) + 1 / (1 + math.exp(-10))) / 2)
    assert surest["observed"] == 1
    worst = held_out_findings(models, scales, "worst_case", 0)
    assert worst["accuracy"]["value"] == pytest.approx(1 / 3)  # min(1, 0) = min(0, 1) twice


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.51, 0.6, "it tells"), (0.5, 0.6, "not learned"), (0.4, 0.5, "not learned"), (0.3, 0.49, "swapped")],
)
def test_what_an_interval_says(low, high, said):
    assert said in verdict({"low": low, "high": high})
