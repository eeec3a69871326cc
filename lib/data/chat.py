"""Conversations as a chat model reads them: text, by the chat template of its tokenizer."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jinja2.exceptions import TemplateError
from transformers import PreTrainedTokenizerFast

from lib.data.preference_rows import Message


def conversation(prompt: str | Sequence[Message], system: str | None) -> list[Message]:
    """The messages of a prompt, of which a text is the user's.

    system: the system message of a conversation that has none of its own; None for the template's own, if it has one.
    """
    messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
    if system is not None and (not messages or messages[0]["role"] != "system"):
        messages.insert(0, {"role": "system", "content": system})
    return messages


def said(messages: Sequence[Message]) -> str:
    """All that is said in a conversation, in lower case, with who says it: what it is told from others by."""
    return "\n".join(f"{message['role']}: {message['content']}" for message in messages).casefold()


def rendered_prompt(tokens: PreTrainedTokenizerFast, prompt: str | Sequence[Message], system: str | None) -> str:
    """The text of a prompt up to where the assistant's answer begins.

    Without the begin-of-text token where the tokenizer puts one before every text anyway, as there would be two.
    """
    text = tokens.apply_chat_template(conversation(prompt, system), tokenize=False, add_generation_prompt=True)
    return text.removeprefix(tokens.bos_token) if begins_texts(tokens) else text


def begins_texts(tokens: PreTrainedTokenizerFast) -> bool:
    """Whether the tokenizer puts a begin-of-text token before every text."""
    return tokens.bos_token_id is not None and tokens("a")["input_ids"][:1] == [tokens.bos_token_id]


def require_template(tokens: PreTrainedTokenizerFast) -> None:
    """Raises ValueError where the tokenizer has no chat template."""
    if tokens.chat_template is None:
        raise ValueError(
            "data.chat: the tokenizer of base.source has no chat template; take a model that was trained to chat, "
            "or leave data.chat out"
        )


def rendered(
    tokens: PreTrainedTokenizerFast, messages: Sequence[Message], answer: str, system: str | None
) -> dict[str, str]:
    """What the model reads of a conversation and an answer: `prompt`, `completion` and both together, `text`.

    The completion ends before the end of the turn, which SFT and sampling add as the end-of-text token. It begins with
    what the template puts between the prompt and the answer, if it puts something there.
    """
    require_template(tokens)
    try:
        prompt = rendered_prompt(tokens, messages, system)
    except TemplateError as error:
        raise ValueError(
            f"data.chat: the chat template refuses a conversation of the roles "
            f"{', '.join(message['role'] for message in conversation(messages, system))}: {error}"
        ) from error
    completion = answer.strip()
    if completion:
        whole = [*conversation(messages, system), {"role": "assistant", "content": completion}]
        text = tokens.apply_chat_template(whole, tokenize=False)
        text = text.removeprefix(tokens.bos_token) if begins_texts(tokens) else text
        before, found, _ = text.removeprefix(prompt).partition(completion)
        if text.startswith(prompt) and found:
            completion = before + completion
    return {"text": prompt + completion, "prompt": prompt, "completion": completion}


def turn_end(tokens: PreTrainedTokenizerFast) -> str:
    """The special token that the template puts after an answer. Raises ValueError if it puts none there."""
    require_template(tokens)
    mark = "answer"
    messages = [{"role": "user", "content": "question"}, {"role": "assistant", "content": mark}]
    after = tokens.apply_chat_template(messages, tokenize=False).rpartition(mark)[2]
    special = {token.content for token in tokens.added_tokens_decoder.values() if token.special}
    found = [token for token in special if after.lstrip().startswith(token)]
    if not found:
        raise ValueError(
            "data.chat: the chat template of base.source puts no special token after an answer, "
            "so that nothing would end one"
        )
    return max(found, key=len)


def rendered_rows(path: Path, tokens: PreTrainedTokenizerFast, system: str | None) -> Iterator[dict[str, Any]]:
    """The rows of a file of conversations, with `messages` and `completion`, as the model reads them."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield row | rendered(tokens, row["messages"], row["completion"], system)


def conversations(path: Path) -> dict[str, list[Message]] | None:
    """The messages by rendered prompt; None if the texts are no conversations."""
    found = {}
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if "messages" not in row:
                return None
            found[row["prompt"]] = row["messages"]
    return found
