import math

import pandas as pd
import pytest
import torch

from lib.data.prompts import some_prompts
from lib.evaluation.held_out import HeldOut, common
from lib.models.language_models import bits_per_byte, encode
from lib.policies.combinations import One
from lib.policies.log_probabilities import next_token_log_probabilities

PROMPTS = ["the sea", "a calm day", "cold"]
RESTS = [" was calm", " by the sea and by the sea", " days"]
BYTES = [9, 26, 5]


@pytest.fixture
def texts(tokenizer):
    return HeldOut(tokenizer, PROMPTS, RESTS)


def test_a_uniform_model_has_log2_of_the_vocabulary_per_token(llama, tokenizer, texts):
    with torch.no_grad():
        for parameter in llama.parameters():
            parameter.zero_()
    count = [len(tokenizer(rest, add_special_tokens=False)["input_ids"]) + 1 for rest in RESTS]  # 1: the end
    by_hand = [tokens * math.log2(len(tokenizer)) / (40 / 3) for tokens in count]
    assert texts.bits_per_byte(One([llama]), 0) == pytest.approx(by_hand)


def test_the_mean_over_prompts_is_all_bits_by_all_bytes(llama, tokenizer, texts):
    """That of whole texts, of which the prompts' own tokens are taken away."""
    whole = [prompt + rest for prompt, rest in zip(PROMPTS, RESTS)]
    bits = bits_per_byte(llama, tokenizer, whole) * sum(map(len, whole))
    for prompt in PROMPTS:
        bits -= bits_per_byte(llama, tokenizer, [prompt]) * len(prompt) - of_end(llama, tokenizer, prompt)
    found = texts.bits_per_byte(One([llama]), 0)
    assert sum(found) / 3 == pytest.approx(bits / sum(BYTES), rel=1e-5)


def of_end(llama, tokenizer, text) -> float:
    """Bits of the end-of-text token after a text."""
    [ids] = encode(tokenizer, [text])
    log_probs, _, _ = next_token_log_probabilities([llama], [1.0], [ids[:-1]], [ids[-1:]], 1.0)
    return -log_probs[0, 0, ids[-1]].item() / math.log(2)


def test_of_an_ensemble_it_is_the_mixture_that_is_asked(llama, other_llama, texts):
    """It is √(p q), normalised: its sum over tokens is at most 1, so it has fewer bits than p and q have on average."""
    mixed = texts.bits_per_byte(One([llama, other_llama], [0.5, 0.5]), 0)
    alone = [texts.bits_per_byte(One([model]), 0) for model in (llama, other_llama)]
    assert all(both < (one + other) / 2 for both, one, other in zip(mixed, *alone))


def test_where_logits_would_not_fit_texts_are_taken_a_few_at_a_time(llama, texts, monkeypatch):
    together = texts.bits_per_byte(One([llama]), 0)
    monkeypatch.setattr("lib.machine.compute.MOST_LOGITS", 1)
    assert texts.bits_per_byte(One([llama]), 0) == pytest.approx(together, rel=1e-5)


def test_a_token_across_the_end_of_a_prompt_is_of_the_rest(tokenizer):
    """As in SFT. "se" and "sea" are different tokens."""
    cut = HeldOut(tokenizer, ["the se"], ["a was"])
    assert tokenizer.decode(cut.prompts[0], skip_special_tokens=True) == "the"
    assert tokenizer.decode(cut.rests[0]) == " sea was<end>"
    assert common([1, 2, 3], [1, 2, 4, 5]) == 2 and common([1], [1, 2]) == 1


def test_prompts_without_a_text_have_no_rest():
    table = pd.DataFrame({"prompt": PROMPTS, "completion": RESTS})
    prompts, rests = some_prompts(table, 2, "key")
    assert [RESTS[PROMPTS.index(prompt)] for prompt in prompts] == rests
    assert some_prompts(table.assign(completion=["", " ", ""]), 2, "key")[1] is None
    assert some_prompts(table.assign(completion=[" was", "", ""]), 3, "key")[1] is None
