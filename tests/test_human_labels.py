import json

import pytest

from lib.data.human_labels import labelled


@pytest.fixture
def snippets(tmp_path):
    rows = [{"text": f"text {i}", "split": "train", "domain": "odd" if i % 2 else "even"} for i in range(6)]
    for row, stars in zip(rows, [1, None, 3, 5, None, 3]):
        row |= {"stars": stars, "same": 2}
    path = tmp_path / "snippets.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_texts_without_the_label_are_left_out(snippets):
    table = labelled(snippets, "train", "stars")
    assert table["text"].tolist() == ["text 0", "text 2", "text 3", "text 5"]
    assert table["standardised"].mean() == pytest.approx(0) and table["standardised"].std() == pytest.approx(1)
    assert labelled(snippets, "train", {"odd": 1, "even": 0})["label"].tolist() == [0, 1] * 3


@pytest.mark.parametrize("label", ["same", {"odd": 1}])
def test_a_label_that_all_texts_share_teaches_nothing(snippets, label):
    with pytest.raises(ValueError, match=r"texts have the label .*, all the same"):
        labelled(snippets, "train", label)
