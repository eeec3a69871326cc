"""The texts of the experiment by split, and the prompts that are cut from them."""

from pathlib import Path

import pandas as pd

from lib.data.snippets import SPLITS, prompt_and_completion


def snippets(path: Path, split: str) -> pd.DataFrame:
    """The snippets of one split: text, domain, rating."""
    table = all_snippets(path)
    return table[table["split"] == split].drop(columns="split").reset_index(drop=True)


def all_snippets(path: Path) -> pd.DataFrame:
    """The snippets of all splits, with `split`."""
    return pd.read_json(path, lines=True, dtype={"text": str, "prompt": str, "completion": str, "domain": str})


def prompts(
    path: Path, split: str, prompt_words: int | None, left_out: str | None, within: bool = True
) -> pd.DataFrame:
    """The snippets of one split that are longer than a prompt, with their `prompt` and `completion`.

    prompt_words: how many first words of a text are its prompt; None if the data has prompts of its own.
    left_out: the domain on which no policy is trained. within: whether to take all other domains, or that one alone.
    A text is dropped if a text of an earlier split begins with its prompt (case is ignored). So prompts of the
    validation split are new to all that is trained on the train split, and prompts of the test split to all policies.
    """
    table = all_snippets(path)
    if prompt_words is None:
        begins = table["prompt"].str.casefold()
    else:
        begins = table["text"].str.casefold().str.split(" ").str[:prompt_words].str.join(" ")
    earlier = table["split"].isin(SPLITS[: SPLITS.index(split)])
    chosen = (table["split"] == split) & ((table["domain"] != left_out) == within) & ~begins.isin(begins[earlier])
    table = table[chosen].drop(columns="split").reset_index(drop=True)
    if prompt_words is None:
        return table
    pairs = [prompt_and_completion(text, prompt_words) for text in table["text"]]
    table = table[[pair is not None for pair in pairs]].reset_index(drop=True)
    table[["prompt", "completion"]] = [pair for pair in pairs if pair is not None]
    return table


def some_prompts(table: pd.DataFrame, count: int, key: str) -> tuple[list[str], list[str] | None]:
    """A fixed random sample of a table's prompts, and the completions that they have in the texts.

    key: of `count` in params.yaml, for the error message. None in place of the completions if some prompt has none.
    """
    if count > len(table):
        raise ValueError(f"{key}: there are {len(table)} prompts, not {count}")
    chosen = table.sample(count, random_state=0)
    has_all = (chosen["completion"].str.strip() != "").all()
    return list(chosen["prompt"]), list(chosen["completion"]) if has_all else None
