"""How far the SFT pair is from its soup, in nats."""

import json

import numpy as np
import pandas as pd
import pytest

from lib.models.lora_on_disk import is_adapter
from lib.papers.salsa.spread import SPREAD, spread_of, spread_table, too_near
from scripts.spread import measure_spread
from tests.test_adapters import base, policies  # noqa: F401 (fixtures)

HOW = {"prompt_words": 2, "left_out": None, "max_new_tokens": 4, "temperature": 1.0}
HOW |= {"kl_estimator": "exact_per_token", "compute": {"device": "cpu", "precision": "float32"}}
TEXTS = ["the sea was calm", "a wild night by the sea", "cold days and wild nights"]


def test_the_spread_of_a_pair_is_the_mean_of_both_to_their_soup():
    """By prompt 1 and 2, and 3 and 6: means of 1.5 and 4.5; of both 2 and 4, so 3, with standard error √2 / √2."""
    table = spread_table([np.array([1.0, 2.0]), np.array([3.0, 6.0])], np.array([8.0, 8.0])).set_index(["model", "to"])
    assert table["kl"].to_list() == [3, 1.5, 4.5, 8]
    assert table["error"].to_list() == pytest.approx([1, 0.5, 1.5, 0])
    assert spread_of(table.reset_index()) == 3
    assert too_near(SPREAD) is None
    assert "0.5 nats" in too_near(0.5)


def measured(tmp_path, sft, soup):
    lines = [{"text": text, "split": "validation", "rating": 1, "domain": "tweet"} for text in TEXTS]
    (tmp_path / "snippets.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    measure_spread(sft, soup, tmp_path / "snippets.jsonl", tmp_path / "spread.json", **HOW)
    table = pd.DataFrame(json.loads((tmp_path / "spread.json").read_text())["spread"])
    return table.set_index(["model", "to"])["kl"].to_dict()


def test_a_pair_that_is_its_own_soup_is_at_no_distance_and_warned_of(tmp_path, llama, other_llama, tokenizer, capsys):
    other_llama.lm_head.weight.data.mul_(20)  # sure of what it says, and so far from others
    for name, model in (("base", llama), ("other", other_llama)):
        model.save_pretrained(tmp_path / name)
        tokenizer.save_pretrained(tmp_path / name)
    same = tmp_path / "base"
    assert set(measured(tmp_path, [same, same], same).values()) == {0}
    assert "warning: θ_sft1 and θ_sft2 are 0 nats from their soup" in capsys.readouterr().out
    found = measured(tmp_path, [same, tmp_path / "other"], same)
    assert found["θ_sft1", "their soup"] == 0
    assert found["θ_sft2", "their soup"] == found["θ_sft2", "θ_sft1"] > 0
    assert found["θ_sft1 and θ_sft2", "their soup"] == pytest.approx(found["θ_sft2", "θ_sft1"] / 2)
    assert measured(tmp_path, [same, tmp_path / "other"], same) == found


def test_the_spread_of_lora_models(tmp_path, tokenizer, policies):  # noqa: F811
    for folder in policies:
        tokenizer.save_pretrained(folder)
    assert all(map(is_adapter, policies))
    found = measured(tmp_path, policies[1:], policies[0])
    assert found["θ_sft1", "their soup"] > 0
    assert found["θ_sft2", "θ_sft1"] > 0
