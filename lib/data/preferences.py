"""Pairs of answers of which people prefer one: read from a file, a directory or the hub, and split by prompt."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from lib.data.chat import conversation, said
from lib.data.preference_rows import Prompt, margin_of, parted, sides, tie_of
from lib.data.snippets import split_by

Render = Callable[[Prompt], str]
COLUMNS = {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}
EQUAL, DIFFERENT, DUPLICATE = "equal texts", "conversations that differ before the answer", "duplicates"
NO_CHAT = "it has conversations, and data.chat is missing: add `chat: {system: null}` to data"
NO_PROMPT = (
    "it has texts without a prompt of their own, which cannot be told from answers in a chat: name columns.prompt"
)


class Pair(NamedTuple):
    """Two texts as a reward model reads them, prompt and answer as one.

    prompt: may be empty. margin: by how much the chosen one is better, in nats. tie: whether neither is. group: what
    decides its split, as that of the experiment's own prompts, and what pairs that are not independent share: all that
    is said in a conversation, the prompt, or else the first text.
    """

    prompt: str
    chosen: str
    rejected: str
    margin: float
    tie: bool
    group: str


def columns_of(there: list[str], named: Mapping[str, str], key: str, source: str) -> dict[str, str]:
    """The columns of a data set by role: those that are named, and those of the default names.

    Without a `prompt`, named or there, the prompt is what the two sides begin with. Raises ValueError for one that is
    missing.
    """
    columns = COLUMNS | dict(named)
    if "prompt" not in named and COLUMNS["prompt"] not in there:
        del columns["prompt"]
    for role, column in columns.items():
        if column not in there:
            place = f"{key}.columns.{role}"
            raise ValueError(f"{place}: {source} has no column {column}; its columns are {', '.join(there)}")
    return columns


def pairs_of(
    table: Iterable[Mapping[str, Any]], columns: Mapping[str, str], render: Render | None, place: str
) -> tuple[list[Pair], dict[str, int]]:
    """The pairs of a table, each once, and how many rows were left out, by the reason.

    render: the text of a prompt in a chat, None in an experiment of plain texts. place: begins the message of a
    ValueError, before the row.
    """
    pairs: dict[tuple, Pair] = {}
    left_out = Counter(dict.fromkeys([EQUAL, DIFFERENT, DUPLICATE], 0))
    for number, row in enumerate(table, 1):
        try:
            found = sides(row, columns)
            tie = tie_of(row, columns)
            margin = 0.0 if tie else margin_of(row, columns)
            if found is None:
                left_out[DIFFERENT] += 1
                continue
            texts = texts_of(*found, render, "prompt" in columns)
            group = said(conversation(found[0], None)) if render else texts[0] or min(texts[1:])
            pair = Pair(*texts, margin, tie, group)
        except ValueError as error:
            raise ValueError(f"{place}, row {number}: {error}") from None
        if pair.chosen.strip() == pair.rejected.strip():
            left_out[EQUAL] += 1
            continue
        same = (*(sorted(pair[1:3]) if tie else pair[1:3]), tie)
        left_out[DUPLICATE] += same in pairs
        pairs.setdefault(same, pair)
    return list(pairs.values()), dict(left_out)


def texts_of(
    asked: Prompt, chosen: str, rejected: str, render: Render | None, has_prompts: bool
) -> tuple[str, str, str]:
    """The text of the prompt, and those of prompt and answer, as policies and reward models read them."""
    if render is None:
        if not isinstance(asked, str):
            raise ValueError(NO_CHAT)
        return asked, asked + parted(asked, chosen), asked + parted(asked, rejected)
    if isinstance(asked, str) and not has_prompts:
        raise ValueError(NO_PROMPT)
    text = render(asked)
    return text, text + chosen.strip(), text + rejected.strip()


def split_pairs(pairs: list[Pair], held_out: float, place: str) -> dict[str, list[Pair]]:
    """The pairs by split, which follows from the prompt as in the experiment's own data.

    Raises ValueError if training or validation would have none that is no tie.
    """
    by_split = split_by(lambda pair: pair.group, pairs, held_out)
    for split in ("train", "validation"):
        if all(pair.tie for pair in by_split[split]):
            raise ValueError(
                f"{place}: of {len(pairs)} pairs none that is not a tie falls into the {split} split;"
                " it takes more prompts (data.held_out is the share held out)"
            )
    return by_split
