"""Read your own prompts, from a file of JSON lines, a directory or the hub; drop duplicates, split by prompt."""

import json
from collections.abc import Iterator
from pathlib import Path

from datasets import Dataset, load_dataset

from lib.data.chat import conversation
from lib.data.functions import function
from lib.data.snippets import split_by
from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.models.hub import from_hub, hub_id


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
    table = load(given, source, revision, name, split)
    if missing := set(labels) - set(table.column_names):
        raise ValueError(
            f"data.labels: {source} has no {min(missing)}; its columns are {', '.join(table.column_names)}"
        )
    kept = list(examples(table, rows, labels, chat))
    distinct = list({asked(example): example for example in reversed(kept)}.values())[::-1]
    if not distinct:
        raise ValueError(f"data.rows: {rows['function']} leaves no row of {source}")
    sides = split_by(asked, distinct, held_out)
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


def load(given: list[Path], source: str, revision: str | None, name: str | None, split: str) -> Dataset:
    """The rows of a data set. No code of it is executed: `datasets` does not run scripts."""
    if from_hub(source):
        return load_dataset(hub_id(source), name, revision=revision, split=split)
    [path] = given
    if path.is_dir():
        return load_dataset(str(path), name, split=split)
    return load_dataset("json", data_files=str(path), split="train")


def examples(table: Dataset, rows: dict, labels: list[str], chat: bool) -> Iterator[dict]:
    """The example of each row, without rows that the function leaves out."""
    to_example = function("data.rows", rows, {})
    for number, row in enumerate(table):
        try:
            example = to_example(row)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"data.rows: {rows['function']} fails on row {number}: {error!r}") from error
        if example is not None:
            prompt, completion = example
            labelled = {"domain": "all"} | {label: row[label] for label in labels}
            if chat:
                yield {"messages": conversation(prompt, None), "completion": completion} | labelled
            elif isinstance(prompt, str):
                yield {"text": prompt + completion, "prompt": prompt, "completion": completion} | labelled
            else:
                raise ValueError(f"data.rows: {rows['function']} returns messages: these need the section data.chat")


def asked(example: dict) -> str:
    """The prompt in lower case, or all that is said in a conversation with who says it: equal ones are duplicates."""
    if "messages" not in example:
        return example["prompt"].casefold()
    return "\n".join(f"{message['role']}: {message['content']}" for message in example["messages"]).casefold()


if __name__ == "__main__":
    run(read_examples)
