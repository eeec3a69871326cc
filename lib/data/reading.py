"""Rows of data of one's own: a file of JSON lines, a directory or a data set of the hub, with errors that name a place.

`key` is everywhere the dotted key of the parameters where the source stands, such as `data.source`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from datasets import Dataset, load_dataset
from datasets.exceptions import DatasetGenerationError

from lib.models.hub import hub_id

LONGEST = 60  # characters of a value in an error message
MESSAGE = ("role", "content")


def rows(source: str, revision: str | None, name: str | None, split: str, key: str, given: Path | None) -> Dataset:
    """The rows of a data set. No code of it is executed: `datasets` does not run scripts.

    given: the file of JSON lines or the directory; None for a source on the hub, which `revision` pins. name, split: of
    the data set; a file is all of it. Raises ValueError with the key, and with file and line where that is known.
    """
    try:
        if given is None:
            table = load_dataset(hub_id(source), name, revision=revision, split=split)
        elif given.is_dir():
            table = load_dataset(str(given), name, split=split)
        else:
            require_json_lines(given, key)
            table = load_dataset("json", data_files=str(given), split="train")
    except (DatasetGenerationError, ValueError, OSError) as error:
        if str(error).startswith(f"{key}: "):
            raise
        cause = error.__cause__ or error
        raise ValueError(f"{key}: {source} cannot be read: {cause}") from error
    if not len(table):
        raise ValueError(f"{key}: {source} is empty")
    return table


def require_json_lines(file: Path, key: str) -> None:
    """Raises ValueError if the file is not UTF-8 with a JSON object on each line; a list of objects will do, too."""
    if file.suffix in (".csv", ".tsv", ".parquet"):
        raise ValueError(f"{key}: {file} is no file of JSON lines; name a directory that holds it, for parquet and CSV")
    filled = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            place = f"{key}: {file}, line {number}"
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError as error:
                byte = f"byte {line[error.start]:#x} is not UTF-8"
                raise ValueError(f"{place}: {byte}; save the file as UTF-8") from None
            if text and not filled and text.startswith("["):
                return
            if text:
                require_object(text, place)
                filled += 1
    if not filled:
        raise ValueError(f"{key}: {file} is empty")


def require_object(line: str, place: str) -> None:
    """Raises ValueError if a line is no JSON object. place: what the message begins with."""
    try:
        found = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"{place}: it is no JSON ({error.msg}, column {error.colno}): {short(line)}") from None
    if not isinstance(found, dict):
        raise ValueError(f'{place}: a row has to be a JSON object, such as {{"prompt": "…"}}, not {short(line)}')


def require_columns(table: Dataset, columns: Iterable[str], key: str, source: str) -> None:
    """Raises ValueError if the data set lacks a column. key: where the columns are named."""
    if missing := sorted(set(columns) - set(table.column_names)):
        raise ValueError(f"{key}: {source} has no column {missing[0]}; its columns are {', '.join(table.column_names)}")


def made_of_rows(make: Callable[[Mapping[str, Any]], Any], table: Dataset, key: str) -> Iterator[tuple[Any, Any]]:
    """Each row and what a function makes of it, a prompt and a completion; without rows for which it returns None.

    key: where the function is named. Raises ValueError with the number of the row, counted from 1, if the function
    fails or returns something else.
    """
    for number, row in enumerate(table, 1):
        place = f"{key}: row {number}"
        try:
            made = make(row)
        except Exception as error:
            raise ValueError(f"{place}: {words_for(error, row)}") from error
        if made is not None:
            require_prompt(made, place)
            yield row, made


def require_prompt(made: Any, place: str) -> None:
    """Raises ValueError if that is no prompt with a completion. place: what the message begins with."""
    if not isinstance(made, tuple | list) or len(made) != 2:
        raise ValueError(f"{place}: the function has to return a prompt and a completion, not {short(made)}")
    prompt, completion = made
    if not isinstance(completion, str):
        raise ValueError(f"{place}: its completion is no text but {short(completion)}")
    if not isinstance(prompt, str | list):
        raise ValueError(f"{place}: its prompt is no text but {short(prompt)}")
    if not prompt or not str(prompt).strip():
        raise ValueError(f"{place}: its prompt is empty; take the row out, or return None for it")
    if isinstance(prompt, list):
        require_messages(prompt, place)


def require_messages(prompt: list[Any], place: str) -> None:
    """Raises ValueError if those are no messages that an answer can follow. place: what the message begins with."""
    for message in prompt:
        if not isinstance(message, Mapping) or not all(isinstance(message.get(key), str) for key in MESSAGE):
            raise ValueError(f"{place}: a message of its prompt lacks the texts role and content: {short(message)}")
    if prompt[-1]["role"] != "user":
        raise ValueError(f"{place}: the last message of its prompt is not one of the user: {short(prompt[-1])}")


def words_for(error: Exception, row: Mapping[str, Any]) -> str:
    """What a function that makes a prompt of a row failed of: a column that is not there or holds no text, if so."""
    column = error.args[0] if isinstance(error, KeyError) and error.args else None
    if column is not None and column not in row:
        return f"there is no column {column}; the row has {', '.join(row)}"
    if column is not None:
        return f"column {column} holds no text but {short(row[column])}"
    if empty := [name for name, value in row.items() if value is None]:
        return f"the function fails ({error!r}); nothing stands in {', '.join(empty)}"
    return f"the function fails: {error!r}"


def require_enough(sides: Mapping[str, list[Any]], found: int, kept: int, key: str) -> None:
    """Raises ValueError if a split is empty. found: rows; kept: those that the function did not leave out."""
    distinct = sum(map(len, sides.values()))
    for side, members in sides.items():
        if not members:
            raise ValueError(
                f"{key}: no prompt is left for the split {side}: of {found} rows {found - kept} are left out, and "
                f"{kept - distinct} have the prompt of an earlier row; {distinct} prompts remain"
            )


def short(value: Any) -> str:
    """A value in an error message."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
