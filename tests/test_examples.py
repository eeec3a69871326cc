"""Prompts of one's own become the data of an experiment; local stand-ins have the columns of published data sets."""

import json

import pandas as pd
import pytest
from datasets import Dataset

from lib.data.prompts import prompts
from lib.examples import dialogue, from_template, messages
from scripts.examples import read_examples

TLDR = {
    "prompt": "SUBREDDIT: r/pets\n\nTITLE: My cat\n\nPOST: My cat\nsleeps {all} day.\n\nTL;DR:",
    "completion": " Cat sleeps.",
}
HH = {"chosen": "\n\nHuman: Hi\n\nAssistant: Hello\n\nHuman: How are you?\n\nAssistant: Fine.", "rejected": "..."}
ULTRAFEEDBACK = {
    "prompt": "What is 2 + 2?",
    "chosen": [{"content": "What is 2 + 2?", "role": "user"}, {"content": "4", "role": "assistant"}],
    "score_chosen": 8.5,
}


def test_a_template_has_columns_in_braces_and_takes_them_as_they_are():
    made = from_template(TLDR, "Summarise: {prompt} ->", " {completion}", between={"prompt": ["POST:", "TL;DR:"]})
    assert made == ("Summarise: My cat sleeps {all} day. ->", " Cat sleeps.")
    assert from_template(TLDR, "{prompt}", between={"prompt": ["ARTICLE:", "TL;DR:"]}) is None
    assert from_template(TLDR, "{prompt}", longest=20) is None


def test_a_dialogue_ends_where_the_last_turn_begins():
    prompt, completion = dialogue(HH, "chosen", "\n\nAssistant:")
    assert prompt.endswith("Human: How are you?\n\nAssistant:") and completion == " Fine."
    assert dialogue({"chosen": "\n\nHuman: Hi"}, "chosen", "\n\nAssistant:") is None
    assert dialogue(HH, "chosen", "\n\nAssistant:", longest=10) is None


def test_of_messages_the_first_question_and_its_answer_are_taken():
    assert messages(ULTRAFEEDBACK, "chosen", "User: {message}\nAssistant:") == (
        "User: What is 2 + 2?\nAssistant:",
        " 4",
    )
    asked_only = {"prompt": [{"content": "Why?", "role": "user"}]}
    assert messages(asked_only, "prompt", "{message}") == ("Why?", "")


@pytest.fixture
def read(tmp_path):
    """Reads rows that lie in a file, or as a directory of parquet files as the hub has them."""

    def from_rows(rows, function, labels=(), kind="jsonl", **arguments):
        if kind == "jsonl":
            given = tmp_path / "rows.jsonl"
            given.write_text("".join(json.dumps(row) + "\n" for row in rows))
        else:
            given = tmp_path / "dataset"
            (given / "data").mkdir(parents=True)
            Dataset.from_list(rows).to_parquet(given / "data/train-00000-of-00001.parquet")
        snippets, report = tmp_path / "snippets.jsonl", tmp_path / "report.json"
        read_examples(
            [given],
            snippets,
            report,
            source=str(given),
            revision=None,
            name=None,
            split="train",
            rows={"function": function, "arguments": arguments},
            labels=list(labels),
            held_out=0.2,
        )
        return snippets, json.loads(report.read_text())

    return from_rows


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
@pytest.mark.parametrize(
    ("row", "function", "arguments"),
    [
        (TLDR, "from_template", {"prompt": "{prompt}", "completion": " {completion}"}),
        (HH, "dialogue", {"column": "chosen", "turn": "\n\nAssistant:"}),
        (ULTRAFEEDBACK, "messages", {"column": "chosen", "prompt": "User: {message}\nAssistant:"}),
    ],
    ids=["tldr", "hh", "ultrafeedback"],
)
def test_data_like_those_of_the_hub_are_read(read, row, function, arguments, kind):
    text = json.dumps(row)
    rows = [
        json.loads(text.replace("cat", f"cat {i}").replace("Hi", f"Hi {i}").replace("2 + 2", f"{i} + 2"))
        for i in range(60)
    ]
    snippets, report = read(rows * 2, f"lib.examples:{function}", kind=kind, **arguments)
    assert report["found"] == 120 and report["duplicates removed"] == 60
    assert report["train"] + report["validation"] + report["test"] == 60
    table = prompts(snippets, "train", None, None)
    assert len(table) == report["train"] > 20
    assert (table["text"] == table["prompt"] + table["completion"]).all()
    assert set(table["domain"]) == {"all"}
    others = pd.concat([prompts(snippets, split, None, None) for split in ("validation", "test")])
    assert not set(table["prompt"]) & set(others["prompt"])


def test_labels_and_domains_are_kept(read):
    rows = [
        {"q": f"question {i}", "a": "answer", "stars": i % 5, "domain": "odd" if i % 2 else "even"} for i in range(60)
    ]
    snippets, _ = read(rows, "lib.examples:from_template", ["stars", "domain"], prompt="{q}", completion=" {a}")
    within = prompts(snippets, "train", None, "odd")
    assert set(within["domain"]) == {"even"} and set(within["stars"]) == set(range(5))
    assert set(prompts(snippets, "train", None, "odd", within=False)["domain"]) == {"odd"}


@pytest.mark.parametrize(
    ("function", "labels", "arguments", "message"),
    [
        (
            "lib.examples:from_template",
            [],
            {"prompt": "{wrong}"},
            r"data\.rows: row 1: there is no column wrong; the row has q",
        ),
        ("lib.examples:nothing", [], {}, r"data\.rows\.function: lib\.examples:nothing cannot be loaded"),
        ("lib.examples:messages", [], {"column": "q"}, r"data\.rows\.arguments do not fit lib\.examples:messages"),
        (
            "lib.examples:from_template",
            ["stars"],
            {"prompt": "{q}"},
            r"data\.labels: .* has no column stars; its columns are q",
        ),
        ("lib.examples:from_template", [], {"prompt": "{q}", "longest": 1}, r"data\.rows: .* leaves no row"),
    ],
)
def test_a_mistake_names_its_key(read, function, labels, arguments, message):
    with pytest.raises(ValueError, match=message):
        read([{"q": "why"}], function, labels, **arguments)


def test_messages_without_a_user_are_left_out_and_without_an_answer_are_for_rl():
    ask = {"role": "user", "content": "why "}
    for others in ([], [{"role": "system", "content": "be kind"}], [{"role": "assistant", "content": "so"}, ask]):
        assert messages({"said": others}, "said", "{message}:") is None
    assert messages({"said": [ask]}, "said", "{message}:") == ("why:", "")
