"""Read pairs of answers of which people prefer one, from a file, a directory or the hub, and split them by prompt."""

import json
from functools import partial
from pathlib import Path

from lib.data.chat import rendered_prompt
from lib.data.preferences import columns_of, pairs_of, split_pairs
from lib.data.reading import rows
from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.models.loading import tokenizer


def write_pairs(
    base: Path | None,
    given: list[Path],
    pairs: Output,
    report: Output,
    *,
    key: str,
    source: str,
    revision: str | None,
    name: str | None,
    split: str,
    columns: dict[str, str],
    chat: dict | None,
    held_out: float,
) -> None:
    """base: whose tokenizer has the chat template, None in an experiment of plain texts. given: the file or directory,
    or nothing if the source is on the hub. key: of the reward. chat: the section data.chat.
    """
    table = rows(source, revision, name, split, f"{key}.preferences", given[0] if given else None)
    found = columns_of(table.column_names, columns, key, source)
    render = None if base is None else partial(rendered_prompt, tokenizer(base), system=(chat or {}).get("system"))
    distinct, left_out = pairs_of(table, found, render, f"{key}.preferences: {source}")
    by_split = split_pairs(distinct, held_out, f"{key}.preferences: {source}")
    with pairs.open("w", encoding="utf-8") as file:
        for side, members in by_split.items():
            for pair in members:
                file.write(json.dumps({"split": side} | pair._asdict(), ensure_ascii=False) + "\n")
    counts = {"found": len(table)} | left_out
    counts |= {"ties": sum(pair.tie for pair in distinct), "prompts": len({pair.group for pair in distinct})}
    counts |= {side: len(members) for side, members in by_split.items()}
    print(f"{counts}\nthe first pair:\npreferred: {distinct[0].chosen!r}\nthe other: {distinct[0].rejected!r}")
    report.write_text(json.dumps(counts, indent=2) + "\n")


if __name__ == "__main__":
    run(write_pairs)
