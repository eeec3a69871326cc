"""What a row of preferences says: a prompt, the preferred answer and the other one.

The forms are those of TRL's reward trainer: texts or lists of messages, with the prompt in a column of its own or as
the common beginning of the two sides.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

Message = Mapping[str, str]
"""`role`, which is system, user or assistant, and `content`."""
Prompt = str | list[Message]

ROLES = ("prompt", "chosen", "rejected")
ANSWERS = "\n\nAssistant:"  # how an answer begins in dialogues in one string, such as those of Anthropic's HH
LAST_WORD = re.compile(r"\s+\S*$")


def sides(row: Mapping[str, Any], columns: Mapping[str, str]) -> tuple[Prompt, str, str] | None:
    """The prompt and the two answers, as they stand in the row; messages make the prompt a list of messages.

    columns: by role (`chosen`, `rejected`, and `prompt` where it has a column), the column's name.
    None for two conversations that differ before the last answer. Raises ValueError that names a column which is empty
    or no text.
    """
    values = {role: text_or_messages(row.get(columns[role]), columns[role]) for role in columns if role in ROLES}
    asked, chosen, rejected = values.get("prompt"), values["chosen"], values["rejected"]
    if any(isinstance(value, list) for value in values.values()):
        one, other = (conversation(asked, values[role], columns[role]) for role in ("chosen", "rejected"))
        return (one[:-1], one[-1]["content"], other[-1]["content"]) if one[:-1] == other[:-1] else None
    if asked is None:
        asked = common_beginning(chosen, rejected)
        chosen, rejected = chosen[len(asked) :], rejected[len(asked) :]
    return asked, chosen, rejected


def text_or_messages(value: Any, column: str) -> Prompt:
    """A text, or messages with nothing but `role` and `content`. Raises ValueError if it is neither, or empty."""
    if value is None or value == [] or (isinstance(value, str) and not value.strip()):
        raise ValueError(f"column {column} is empty")
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise ValueError(f"column {column} is neither a text nor a list of messages: {value!r:.60}")
    for message in value:
        said = message if isinstance(message, Mapping) else {}
        if not isinstance(said.get("role"), str) or not isinstance(said.get("content"), str):
            raise ValueError(f"column {column} has a message without the texts role and content: {message!r:.60}")
    return [{"role": message["role"], "content": message["content"]} for message in value]


def conversation(asked: Prompt | None, side: Prompt, column: str) -> list[Message]:
    """The messages of one side. A side that begins with the user is the whole conversation; the prompt is not added.

    Raises ValueError if there is no message before the last, or the last one is not the assistant's, or is empty.
    """
    before = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked or []
    said = [{"role": "assistant", "content": side}] if isinstance(side, str) else side
    whole = said[0]["role"] != "assistant" and (not before or before[-1]["role"] != "assistant")
    messages = said if whole else before + said
    if messages[-1]["role"] != "assistant" or not messages[-1]["content"].strip():
        raise ValueError(f"column {column} does not end with an answer of the assistant")
    if len(messages) < 2:
        raise ValueError(f"column {column} is an answer without a prompt")
    return messages


def common_beginning(one: str, other: str) -> str:
    """The prompt that two texts share: up to the last `\\n\\nAssistant:`, or else up to the last whole word.

    Without the white space after it, which belongs to the answers. May be empty.
    """
    common = one[: next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))]
    if ANSWERS in common:
        return common[: common.rindex(ANSWERS) + len(ANSWERS)]
    word = LAST_WORD.search(common)
    return common[: word.start()] if word else ""


def parted(prompt: str, answer: str) -> str:
    """The answer with a space before it, where neither it nor the prompt has white space there."""
    return answer if not prompt or prompt[-1].isspace() or answer[:1].isspace() else f" {answer}"


def margin_of(row: Mapping[str, Any], columns: Mapping[str, str]) -> float:
    """The margin, at least 0; 0 where no column is named."""
    margin = row[columns["margin"]] if "margin" in columns else 0
    if isinstance(margin, bool) or not isinstance(margin, int | float) or not 0 <= margin < math.inf:
        raise ValueError(f"column {columns['margin']} is no number from 0 on: {margin!r}")
    return float(margin)


def tie_of(row: Mapping[str, Any], columns: Mapping[str, str]) -> bool:
    """Whether neither answer is preferred; False where no column is named."""
    tie = row[columns["tie"]] if "tie" in columns else False
    if tie not in (True, False):
        raise ValueError(f"column {columns['tie']} is neither true nor false: {tie!r}")
    return bool(tie)
