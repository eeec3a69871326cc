"""Conversations: what a row becomes, what the model reads of it, where an answer ends, and what rewards read."""

import json

import pytest
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel

from lib.data.chat import conversations, rendered, rendered_rows, turn_end
from lib.data.reading import made_of_rows
from lib.examples import chat
from lib.jobs.checkpoints import Checkpoints
from lib.machine.compute import Compute
from lib.models.language_models import new_llama, train_tokenizer
from lib.models.loading import learner, save, tokenizer
from lib.policies.decoding import end_tokens
from lib.reward_models.loading import load
from scripts.examples import read_examples
from scripts.pretrained import take_pretrained
from scripts.sft import fine_tune
from scripts.texts import render
from tests.small_trainings import SHARED

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
CPU = {"device": "cpu", "precision": "float32"}
TALK = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello"},
    {"role": "user", "content": "Why?"},
]


@pytest.fixture(scope="module")
def tokens():
    """It puts <begin> before every text, as the template does, and ends texts with another token than turns."""
    made = train_tokenizer(["why is the sea calm and cold", "because of the wild wind"] * 20, 300)
    made.add_special_tokens({"additional_special_tokens": ["<turn>"]})
    made.chat_template = TEMPLATE
    return made


@pytest.fixture(scope="module")
def given(tokens, tmp_path_factory):
    """A model of that tokenizer, as others would give it."""
    folder = tmp_path_factory.mktemp("given")
    new_llama(tokens, hidden_size=16, layers=1, heads=2, context=128, seed=0).save_pretrained(folder)
    tokens.save_pretrained(folder)
    return folder


def test_a_conversation_is_all_turns_up_to_the_last_answer():
    row = {"talk": [*TALK, {"role": "assistant", "content": " So. "}]}
    assert chat(row, "talk") == (TALK, "So.")
    assert chat({"talk": TALK}, "talk") == (TALK, "")
    assert chat({"talk": TALK[:1]}, "talk") is None
    assert chat(row, "talk", longest=10) is None


def test_what_is_rendered_has_one_begin_token_and_ends_before_the_end_of_the_turn(tokens):
    made = rendered(tokens, TALK, " So. ", None)
    assert (
        made["prompt"]
        == "<|system|>Be kind.<turn>\n<|user|>Hi<turn>\n<|assistant|>Hello<turn>\n<|user|>Why?<turn>\n<|assistant|>"
    )
    assert made["completion"] == "So." and made["text"] == made["prompt"] + "So."
    assert tokens(made["text"])["input_ids"].count(tokens.bos_token_id) == 1
    question = [{"role": "user", "content": "Why?"}]
    assert rendered(tokens, question, "", "Be brief.")["prompt"].startswith("<|system|>Be brief.<turn>")
    assert turn_end(tokens) == "<turn>"


def test_a_tokenizer_without_a_template_is_one_clear_error(tokens, tmp_path):
    tokens.save_pretrained(tmp_path)
    plain = AutoTokenizer.from_pretrained(tmp_path)
    plain.chat_template = None
    with pytest.raises(ValueError, match=r"data\.chat: .* no chat template"):
        turn_end(plain)
    plain.chat_template = "{% for m in messages %}{{ m.content }}\n{% endfor %}"
    with pytest.raises(ValueError, match=r"data\.chat: .* no special token after an answer"):
        turn_end(plain)
    plain.chat_template = "{{ raise_exception('no system message') }}"
    with pytest.raises(ValueError, match=r"data\.chat: .* refuses .* system, user: no system message"):
        rendered(plain, TALK[:2], "", None)


@pytest.fixture(scope="module")
def made(given, tmp_path_factory):
    """The base and the texts of a chat experiment: rows → conversations → base → texts."""
    folder = tmp_path_factory.mktemp("chat")
    rows = [
        {"talk": [*TALK[:3], {"role": "user", "content": f"Why {i}?"}, {"role": "assistant", "content": f"So {i}."}]}
        for i in range(60)
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*rows, rows[0]]))
    source = {"source": "rows", "revision": None, "name": None, "split": "train", "labels": [], "held_out": 0.2}
    read_examples(
        [folder / "rows.jsonl"],
        folder / "snippets.jsonl",
        folder / "counts.json",
        rows={"function": "lib.examples:chat", "arguments": {"column": "talk"}},
        chat=True,
        **source,
    )
    take_pretrained(
        [given],
        folder / "snippets.jsonl",
        folder / "base",
        folder / "base.json",
        source=str(given),
        file=None,
        revision=None,
        compute=CPU,
        chat={"system": None},
    )
    render(folder / "base", folder / "snippets.jsonl", folder / "texts.jsonl", chat={"system": None})
    return folder


def test_the_base_ends_an_answer_where_its_turn_ends(made, tokens):
    base = AutoModelForCausalLM.from_pretrained(made / "base")
    turn, end = tokens.convert_tokens_to_ids("<turn>"), tokens.eos_token_id
    assert tokenizer(made / "base").eos_token == "<turn>"
    assert end_tokens(base) == [turn, end] and base.generation_config.eos_token_id == [turn, end]
    assert json.loads((made / "counts.json").read_text())["duplicates removed"] == 1


def test_what_is_saved_of_a_training_chats_as_the_base_does(made):
    model, report = made / "sft", made / "sft.json"
    settings = {"prompt_words": None, "left_out": None, "texts": 8, "batch_size": 4, "lora": None}
    settings |= {"epochs": 1, "half": None} | SHARED
    fine_tune(
        made / "base", made / "texts.jsonl", model, report, Checkpoints(made / "checkpoints", 5, {}, {}), **settings
    )
    saved = AutoTokenizer.from_pretrained(model)
    assert saved.chat_template == TEMPLATE and saved.eos_token == "<turn>"
    assert end_tokens(AutoModelForCausalLM.from_pretrained(model)) == end_tokens(
        AutoModelForCausalLM.from_pretrained(made / "base")
    )
    lora = {"rank": 2, "alpha": 4, "modules": ["q_proj"]}
    save(learner(made / "base", lora, 0, Compute.of(CPU)), saved, made / "base", made / "adapter")
    assert AutoTokenizer.from_pretrained(made / "adapter").chat_template == TEMPLATE


def seen(prompts, completions):
    return [len(prompt) for prompt in prompts]


def test_a_function_gets_the_last_message_of_the_user(made):
    asked = conversations(made / "texts.jsonl")
    prompts = list(asked)[:3]
    spec = {"kind": "function", "function": "tests.test_chat:seen"}
    assert load("seen", spec, Compute.of(CPU), asked)(prompts, ["."] * 3) == [
        len(asked[prompt][-1]["content"]) for prompt in prompts
    ]
    assert load("seen", spec)(prompts, ["."] * 3) == list(map(len, prompts))
    assert conversations(made / "rows.jsonl") is None


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"role": "user", "text": "Why?"}, "a message of its prompt lacks the texts role and content"),
        ("Why", "a message of its prompt lacks the texts role and content: 'Why'"),
        ({"role": "assistant", "content": "So."}, "the last message of its prompt is not one of the user"),
    ],
)
def test_messages_that_no_answer_can_follow_are_an_error(message, said):
    rows = Dataset.from_list([{"a": 1}, {"a": 2}])
    with pytest.raises(ValueError, match=f"data.rows: row 2: {said}"):
        list(made_of_rows(lambda row: ([TALK[1], message][: row["a"]], ""), rows, "data.rows"))


def test_messages_without_a_chat_experiment_are_an_error(tmp_path):
    (tmp_path / "rows.jsonl").write_text(json.dumps({"talk": TALK}) + "\n")
    with pytest.raises(ValueError, match=r"data\.rows: lib\.examples:chat .* data\.chat"):
        read_examples(
            [tmp_path / "rows.jsonl"],
            tmp_path / "snippets.jsonl",
            tmp_path / "counts.json",
            source="rows",
            revision=None,
            name=None,
            split="train",
            rows={"function": "lib.examples:chat", "arguments": {"column": "talk"}},
            labels=[],
            held_out=0.1,
        )


def test_a_model_with_learned_positions_is_refused(tokens, made, tmp_path):
    GPT2LMHeadModel(GPT2Config(vocab_size=len(tokens), n_embd=16, n_layer=1, n_head=2)).save_pretrained(tmp_path)
    tokens.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"base\.source: models/gpt2 learns a vector per position; take"):
        take_pretrained(
            [tmp_path],
            made / "texts.jsonl",
            tmp_path / "base",
            tmp_path / "base.json",
            source="models/gpt2",
            file=None,
            revision=None,
            compute=CPU,
        )


def test_what_was_rendered_is_what_the_base_was_judged_on(made):
    texts = [json.loads(line) for line in (made / "texts.jsonl").open()]
    assert texts == list(rendered_rows(made / "snippets.jsonl", tokenizer(made / "base"), None))
    assert {row["split"] for row in texts} == {"train", "validation", "test"}
