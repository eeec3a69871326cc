"""Read your own prompts, from a file of JSON lines, a directory or the hub; drop duplicates, split by prompt."""

import json
from collections.abc import Iterator
from pathlib import Path

from datasets import Dataset

from lib.data.chat import conversation, said
from lib.data.functions import function
from lib.data.reading import made_of_rows, require_columns, require_enough
from lib.data.reading import rows as read_rows
from lib.data.snippets import split_by
from lib.jobs.arguments import Output
from lib.jobs.command_line import run


def read_examples(
    given: list[Path],
    snippets: Output,
    report: Output,
    *,
    source: str,
    revision: str | None,
    name: str | None,
    split: str,
    rows: dict,
    labels: list[str],
    held_out: float,
    chat: bool = False,
) -> None:
    """given: the file or directory, or nothing if the source is on the hub. name, split: of the data set.
    rows: `function` and `arguments`, which turn a row into an example. labels: columns to keep, `domain` among them.
    chat: whether prompts are conversations, which are written as `messages`.
    """
    table = read_rows(source, revision, name, split, "data.source", given[0] if given else None)
    require_columns(table, labels, "data.labels", source)
    kept = list(examples(table, rows, labels, chat))
    distinct = list({asked(example): example for example in reversed(kept)}.values())[::-1]
    if not distinct:
        raise ValueError(f"data.rows: {rows['function']} leaves no row of {source}")
    sides = split_by(asked, distinct, held_out)
    require_enough(sides, len(table), len(kept), "data.source")
    with snippets.open("w", encoding="utf-8") as file:
        for side, members in sides.items():
            for example in members:
                file.write(json.dumps(example | {"split": side}, ensure_ascii=False) + "\n")
    counts = {
        "found": len(table),
        "left out": len(table) - len(kept),
        "duplicates removed": len(kept) - len(distinct),
    }
    counts |= {side: len(members) for side, members in sides.items()}
    print(counts)
    report.write_text(json.dumps(counts, indent=2) + "\n")


def examples(table: Dataset, rows: dict, labels: list[str], chat: bool) -> Iterator[dict]:
    """The example of each row, without rows that the function leaves out."""
    to_example = function("data.rows", rows, {})
    for row, (prompt, completion) in made_of_rows(to_example, table, "data.rows"):
        labelled = {"domain": "all"} | {label: row[label] for label in labels}
        if chat:
            yield {"messages": conversation(prompt, None), "completion": completion} | labelled
        elif isinstance(prompt, str):
            yield {"text": prompt + completion, "prompt": prompt, "completion": completion} | labelled
        else:
            raise ValueError(f"data.rows: {rows['function']} returns messages: these need the section data.chat")


def asked(example: dict) -> str:
    """The prompt in lower case, or all that is said in a conversation: equal ones are duplicates."""
    return example["prompt"].casefold() if "prompt" in example else said(example["messages"])


if __name__ == "__main__":
    run(read_examples)
