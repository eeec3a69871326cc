"""Prompts of one's own, with the completions that SFT learns from: what a row of a data set becomes.

In a chat experiment (`data.chat`) a prompt may be a list of messages, each with `role` and `content`; a text is then
the user's message.

Each function takes a row, by column, and arguments of params.yaml, and returns a prompt and a completion, or None for a
row that is left out. A completion begins with what parts it from the prompt, such as a space; where it is empty, the
prompt is for RL and for judging, and SFT passes it by.
"""

from collections.abc import Mapping
from typing import Any

from lib.data.preference_rows import parted, sides

Row = Mapping[str, Any]


def from_template(
    row: Row,
    prompt: str,
    completion: str = "",
    longest: int | None = None,
    between: Mapping[str, list[str]] | None = None,
) -> tuple[str, str] | None:
    """Texts with columns in braces, such as "Summarise: {text}\\n"; line breaks within a column become spaces.

    longest: in characters, of a prompt. between: by column, what has to stand before and after the part that is meant.
    """
    columns = {name: value for name, value in row.items() if isinstance(value, str)}
    for column, (before, after) in (between or {}).items():
        _, found, rest = columns[column].partition(before)
        if not found:
            return None
        columns[column] = rest.partition(after)[0] if after else rest
    columns = {name: " ".join(value.split()) for name, value in columns.items()}
    asked = prompt.format(**columns)
    if longest is not None and len(asked) > longest:
        return None
    return asked, completion.format(**columns)


def dialogue(row: Row, column: str, turn: str, longest: int | None = None) -> tuple[str, str] | None:
    """A dialogue in one string: up to and with the last `turn`, such as "\\n\\nAssistant:", and what follows.

    longest: in characters, of a prompt.
    """
    before, found, after = row[column].rpartition(turn)
    if not found or not after.strip() or (longest is not None and len(before + found) > longest):
        return None
    return before + found, " " + after.strip()


def chat(row: Row, column: str, longest: int | None = None) -> tuple[list[Mapping[str, str]], str] | None:
    """For chat experiments: all messages before the last answer, the system's among them, and that answer.

    longest: in characters, of all messages of the prompt. A conversation that ends with the user has no answer.
    """
    said = [{"role": message["role"], "content": message["content"].strip()} for message in row[column]]
    answer = said.pop()["content"] if said and said[-1]["role"] == "assistant" else ""
    if not said or said[-1]["role"] != "user":
        return None
    if longest is not None and sum(len(message["content"]) for message in said) > longest:
        return None
    return said, answer


def messages(row: Row, column: str, prompt: str, longest: int | None = None) -> tuple[str, str] | None:
    """A list of messages, each with `role` and `content`: the first of the user, and the answer to it.

    prompt: a text with {message} in it. longest: in characters, of a prompt.
    """
    said = [message for message in row[column] if message["role"] != "system"]
    if not said or said[0]["role"] != "user":
        return None
    asked = prompt.format(message=said[0]["content"].strip())
    if longest is not None and len(asked) > longest:
        return None
    answer = next((message["content"].strip() for message in said if message["role"] == "assistant"), "")
    return asked, answer and " " + answer


def preferred(
    row: Row, prompt: str | None = None, chosen: str = "chosen", rejected: str = "rejected"
) -> tuple[str | list[dict[str, str]], str] | None:
    """A pair of answers of which one is preferred: the prompt, and the preferred answer as the completion.

    prompt, chosen, rejected: columns, each a text or a list of messages. prompt: by default `prompt` where there is
    such a column; otherwise the prompt is what the two sides begin with. Of messages, it is those before the answer.
    """
    if prompt is None and "prompt" in row:
        prompt = "prompt"
    found = sides(row, {"chosen": chosen, "rejected": rejected} | ({} if prompt is None else {"prompt": prompt}))
    if found is None or not found[0]:
        return None
    asked, answer, _ = found
    return asked, parted(asked, answer) if isinstance(asked, str) else answer
