"""Conversations as a chat model reads them: text, by the chat template of its tokenizer."""

from collections.abc import Mapping, Sequence

from transformers import PreTrainedTokenizerFast

Message = Mapping[str, str]
"""`role`, which is system, user or assistant, and `content`."""


def conversation(prompt: str | Sequence[Message], system: str | None) -> list[Message]:
    """The messages of a prompt, of which a text is the user's.

    system: the system message of a conversation that has none of its own; None for the template's own, if it has one.
    """
    messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
    if system is not None and (not messages or messages[0]["role"] != "system"):
        messages.insert(0, {"role": "system", "content": system})
    return messages


def rendered_prompt(tokens: PreTrainedTokenizerFast, prompt: str | Sequence[Message], system: str | None) -> str:
    """The text of a prompt up to where the assistant's answer begins.

    Without the begin-of-text token where the tokenizer puts one before every text anyway, as there would be two.
    """
    text = tokens.apply_chat_template(conversation(prompt, system), tokenize=False, add_generation_prompt=True)
    return text.removeprefix(tokens.bos_token) if begins_texts(tokens) else text


def begins_texts(tokens: PreTrainedTokenizerFast) -> bool:
    """Whether the tokenizer puts a begin-of-text token before every text."""
    return tokens.bos_token_id is not None and tokens("a")["input_ids"][:1] == [tokens.bos_token_id]
