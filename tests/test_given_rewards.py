"""Classifiers that others have trained are rewards: small local stand-ins of the published ones, class by class."""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    AutoModelForSequenceClassification,
    DebertaV2Config,
    GPT2Config,
    PreTrainedTokenizerFast,
    Qwen3Config,
)

from lib.machine.compute import CPU
from lib.reward_models.loading import load

WORDS = ["[PAD]", "[CLS]", "[SEP]", "<eos>", "user", "assistant", "the", "sea", "was", "calm", "wild", "so", ":"]
TEMPLATE = "{% for m in messages %}{{ m.role }} : {{ m.content }} <eos> {% endfor %}"
SMALL = {"vocab_size": len(WORDS), "hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1}
PROMPTS, COMPLETIONS = ["the sea", "so"], [" was calm", " was wild and the sea was calm"]


def tokenizer(pair=False, pad=True):
    """One word is one token; with [CLS] and [SEP] around pairs, as DeBERTa has them."""
    vocabulary = {word: i for i, word in enumerate(WORDS)}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="so"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if pair:
        around = {"single": "[CLS] $A [SEP]", "pair": "[CLS] $A [SEP] $B:1 [SEP]:1"}
        made.post_processor = processors.TemplateProcessing(**around, special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    special = {"pad_token": "[PAD]"} if pad else {}
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<eos>", **special)


@pytest.fixture
def saved(tmp_path):
    def save(config, tokens, template=None):
        torch.manual_seed(0)
        AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path)
        tokens.chat_template = template
        tokens.save_pretrained(tmp_path)
        model = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
        model.config.pad_token_id = tokens.pad_token_id if tokens.pad_token else tokens.eos_token_id
        return str(tmp_path), model

    return save


def by_hand(model, ids, **more):
    with torch.no_grad():
        return model(input_ids=torch.tensor([ids]), **more).logits[0]


def words(text):
    return [WORDS.index(word) if word in WORDS else WORDS.index("so") for word in text.split()]


def test_a_pair_as_openassistants_deberta_reads_it(saved):
    config = DebertaV2Config(**SMALL, intermediate_size=32, num_labels=1, type_vocab_size=2)
    place, model = saved(config, tokenizer(pair=True))
    source = {"kind": "classifier", "classifier": place, "weights": [1], "inputs": ["{prompt}", "{completion}"]}
    scores = load("quality", source)(PROMPTS, COMPLETIONS)
    for score, prompt, completion in zip(scores, PROMPTS, COMPLETIONS):
        first, second = [1, *words(prompt), 2], [*words(completion), 2]
        types = torch.tensor([[0] * len(first) + [1] * len(second)])
        assert score == pytest.approx(by_hand(model, first + second, token_type_ids=types).item(), abs=1e-5)


def test_a_gpt2_without_a_pad_token_reads_what_the_template_says(saved):
    config = GPT2Config(vocab_size=len(WORDS), n_embd=16, n_layer=1, n_head=2, num_labels=1, n_positions=32)
    place, model = saved(config, tokenizer(pad=False))
    source = {"kind": "classifier", "classifier": place, "weights": [1], "inputs": ["{completion} <eos> {prompt}"]}
    scores = load("summary", source)(PROMPTS, COMPLETIONS)
    expected = [by_hand(model, words(f"{y} <eos> {x}")).item() for x, y in zip(PROMPTS, COMPLETIONS)]
    assert scores == pytest.approx(expected, abs=1e-5)


def test_outputs_are_weighed(saved):
    """As Rewarded Soups takes the difference of the two outputs of its detector of made-up facts."""
    config = GPT2Config(vocab_size=len(WORDS), n_embd=16, n_layer=1, n_head=2, num_labels=2, n_positions=32)
    place, model = saved(config, tokenizer())
    source = {"kind": "classifier", "classifier": place, "weights": [-1, 1], "inputs": ["{completion}"]}
    not_made_up, made_up = by_hand(model, words("was calm")).flip(0).tolist()
    assert load("faithful", source)(["the sea"], [" was calm"]) == pytest.approx([not_made_up - made_up], abs=1e-5)


def test_messages_as_skyworks_qwen_reads_them(saved):
    config = Qwen3Config(**SMALL, intermediate_size=32, num_key_value_heads=2, head_dim=8, num_labels=1)
    place, model = saved(config, tokenizer(), TEMPLATE)
    source = {
        "kind": "classifier",
        "classifier": place,
        "weights": [1],
        "inputs": "chat",
        "between": ["User: ", "\nAssistant:"],
    }
    [score] = load("quality", source)(["User: the sea\nAssistant:"], [" was calm"])
    expected = by_hand(model, words("user : the sea <eos> assistant : was calm <eos>"))
    assert score == pytest.approx(expected.item(), abs=1e-5)


def test_what_is_too_long_is_cut(saved):
    config = GPT2Config(vocab_size=len(WORDS), n_embd=16, n_layer=1, n_head=2, num_labels=1, n_positions=4)
    place, model = saved(config, tokenizer())
    source = {"kind": "classifier", "classifier": place, "weights": [1], "inputs": ["{completion}"]}
    expected = by_hand(model, words("was wild so the")).item()
    assert load("short", source)(["the"], ["was wild so the sea was"]) == pytest.approx([expected], abs=1e-5)


def test_another_number_of_outputs_is_refused(saved):
    config = GPT2Config(vocab_size=len(WORDS), n_embd=16, n_layer=1, n_head=2, num_labels=2)
    place, _ = saved(config, tokenizer())
    with pytest.raises(ValueError, match=r"rewards\.mine\.weights: .* has 2 outputs .*, not 1"):
        load("mine", {"kind": "classifier", "classifier": place, "weights": [1], "inputs": ["{completion}"]})


def test_a_language_model_is_no_classifier(llama, tokenizer, tmp_path):
    llama.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"rewards\.mine\.classifier: .* lacks score\.weight"):
        load("mine", {"kind": "classifier", "classifier": str(tmp_path), "weights": [1, 1], "inputs": ["{completion}"]})


def test_in_bfloat16_the_head_is_precise(saved):
    """Scores that differ by less than bfloat16 tells apart."""
    place, _ = saved(GPT2Config(**SMALL, n_embd=16, n_head=2, n_layer=1, num_labels=1), tokenizer())
    source = {"kind": "classifier", "classifier": place, "weights": [1], "inputs": ["{prompt}{completion}"]}
    texts = [["the sea"] * 6, [" was calm", " was wild", " so calm", " so wild", " calm", " wild"]]
    scores = load("helpful", source, CPU._replace(dtype=torch.bfloat16))(*texts)
    assert scores == pytest.approx(load("helpful", source)(*texts), abs=0.05)
    assert all(score != float(torch.tensor(score).bfloat16()) for score in scores)


def test_what_is_wrong_with_the_judge_is_not_said_of_a_reward(saved):
    place, _ = saved(GPT2Config(**SMALL, n_embd=16, n_head=2, n_layer=1, num_labels=2), tokenizer())
    with pytest.raises(ValueError, match=r"^gold\.weights: .* has 2 outputs"):
        load("gold", {"kind": "classifier", "classifier": place, "weights": [1], "inputs": ["{prompt}{completion}"]})


def test_a_file_of_weights_that_is_cut_off_is_told_with_the_key(saved):
    config = Qwen3Config(**SMALL, head_dim=8, num_key_value_heads=2, intermediate_size=32, num_labels=1)
    place, _ = saved(config, tokenizer())
    file = Path(place) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(ValueError, match=r"rewards\.mine\.classifier: .* cannot be read: .*header"):
        load("mine", {"kind": "classifier", "classifier": place, "weights": [1], "inputs": ["{prompt}{completion}"]})
