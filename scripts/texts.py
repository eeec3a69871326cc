"""Write conversations as the texts that the model reads, by the chat template of its tokenizer."""

import json
from pathlib import Path

from lib.data.chat import rendered_rows
from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.models.loading import tokenizer


def render(base: Path, snippets: Path, texts: Output, *, chat: dict) -> None:
    """snippets: with `messages` and `completion`, the answer. chat: `system`, the system message or None. Adds `text`
    and `prompt` to each line; its completion is then as it is rendered.
    """
    rows = list(rendered_rows(snippets, tokenizer(base), chat["system"]))
    with texts.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    print(f"{len(rows)} conversations. The first one, as the model reads it:\n{rows[0]['text']}")


if __name__ == "__main__":
    run(render)
