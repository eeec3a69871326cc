"""Reading of what earlier jobs wrote."""

from pathlib import Path

import pandas as pd
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from lib.snippets import prompt_and_completion


def snippets(path: Path, split: str) -> pd.DataFrame:
    """The snippets of one split: text, domain, rating."""
    table = pd.read_json(path, lines=True, dtype={"text": str})
    return table[table["split"] == split].drop(columns="split").reset_index(drop=True)


def labelled(table: pd.DataFrame, label: str | dict[str, float]) -> pd.DataFrame:
    """The snippets that have the label: a column of numbers by name, or a number for some of the domains."""
    if isinstance(label, str):
        return table.assign(label=table[label])
    return table.assign(label=table["domain"].map(label)).dropna(subset="label").reset_index(drop=True)


def prompts(path: Path, split: str, prompt_words: int, left_out: str, within: bool = True) -> pd.DataFrame:
    """The snippets of one split that are longer than a prompt, with `prompt` and `completion` of each.

    Of all domains but the one that is left out of the training of policies, or, not `within`, of that one alone.
    """
    table = snippets(path, split)
    table = table[(table["domain"] != left_out) == within].reset_index(drop=True)
    pairs = [prompt_and_completion(text, prompt_words) for text in table["text"]]
    table = table[[pair is not None for pair in pairs]].reset_index(drop=True)
    table[["prompt", "completion"]] = [pair for pair in pairs if pair is not None]
    return table


def language_model(path: Path) -> PreTrainedModel:
    """A policy in float32, ready to sample from."""
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()


def tokenizer(path: Path) -> PreTrainedTokenizerFast:
    return AutoTokenizer.from_pretrained(path, padding_side="left")
