import json

from lib.data.prompts import prompts

TEXTS = [
    ("train", "The sea was calm"),
    ("validation", "the SEA was wild"),
    ("validation", "a calm day by the sea"),
    ("test", "A calm day at home"),
    ("test", "a cold night by the sea"),
    ("test", "cold nights"),
]


def test_a_prompt_is_none_that_a_text_of_an_earlier_split_begins_with_in_capitals_or_not(tmp_path):
    path = tmp_path / "snippets.jsonl"
    rows = [{"text": text, "domain": "movie", "rating": 0, "split": split} for split, text in TEXTS]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = {split: list(prompts(path, split, 3, "product")["prompt"]) for split in ("train", "validation", "test")}
    assert found == {"train": ["The sea was"], "validation": ["a calm day"], "test": ["a cold night"]}
