import math

import pytest
import torch

from lib.models.language_models import bits_per_byte, encode, new_llama, packed_blocks
from lib.models.pretraining import optimizers, pretrain


def test_the_tokenizer_opens_every_text_and_gives_it_back(tokenizer):
    ids = tokenizer("the sea – wild")["input_ids"]
    assert ids[0] == tokenizer.bos_token_id
    assert tokenizer.decode(ids, skip_special_tokens=True) == "the sea – wild"


def test_bits_per_byte_of_a_uniform_model(llama, tokenizer):
    with torch.no_grad():
        for parameter in llama.parameters():
            parameter.zero_()
    texts = ["the sea", "the sea was wild and cold"]
    tokens = sum(len(row) - 1 for row in encode(tokenizer, texts))  # <begin> is given
    by_hand = tokens * math.log2(len(tokenizer)) / sum(map(len, texts))
    assert bits_per_byte(llama, tokenizer, texts, batch=1) == pytest.approx(by_hand)
    assert bits_per_byte(llama, tokenizer, texts, batch=2) == pytest.approx(by_hand)


def test_padding_does_not_change_bits_per_byte(llama, tokenizer):
    texts = ["the sea", "the sea was wild and cold", "calm"]
    assert bits_per_byte(llama, tokenizer, texts, 1) == pytest.approx(
        bits_per_byte(llama, tokenizer, texts, 3), rel=1e-5
    )


def test_where_logits_would_not_fit_bits_per_byte_are_the_same(llama, tokenizer, monkeypatch):
    texts = ["the sea", "the sea was wild and cold", "calm", "a calm day by the sea"]
    together = bits_per_byte(llama, tokenizer, texts)
    monkeypatch.setattr("lib.machine.compute.MOST_LOGITS", 1)
    assert bits_per_byte(llama, tokenizer, texts) == pytest.approx(together, rel=1e-5)


def test_packed_blocks_have_every_text_once_a_pass():
    texts = [[1, 10], [1, 11, 11], [1, 12]]
    blocks = packed_blocks(texts, block=7, batch=1, seed=0)
    first, second = next(blocks), next(blocks)
    assert first.shape == (1, 7)
    for block in (first, second):
        assert sorted(block.flatten().tolist()) == [1, 1, 1, 10, 11, 11, 12]


def test_packed_blocks_depend_on_the_seed_alone():
    texts = [[i] for i in range(100)]
    draws = [next(packed_blocks(texts, 10, 5, seed)).tolist() for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]


def test_every_parameter_is_trained_by_one_optimizer(llama):
    trained = [id(p) for o in optimizers(llama, 1e-3) for g in o.param_groups for p in g["params"]]
    assert sorted(trained) == sorted(id(p) for p in llama.parameters())


def test_pretraining_learns_a_text_by_heart(tokenizer):
    model = new_llama(tokenizer, hidden_size=16, layers=1, heads=1, context=32, seed=0)
    rows = encode(tokenizer, ["the sea was calm"])
    losses = []
    pretrain(
        model,
        packed_blocks(rows, len(rows[0]), 2, seed=0),
        steps=100,
        learning_rate=3e-2,
        progress=lambda step, loss: losses.append(loss),
    )
    assert losses[0] == pytest.approx(math.log(len(tokenizer)), rel=0.05)
    assert losses[-1] < 0.5
    assert not model.training
