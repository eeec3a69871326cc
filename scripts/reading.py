"""Reading of what earlier jobs wrote, and writing of policies."""

from functools import cache
from pathlib import Path

import pandas as pd
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from lib import on_cpu
from lib.compute import Compute
from lib.factors import base_of, is_adapter, write_factors
from lib.snippets import SPLITS, prompt_and_completion
from lib.weights import make_whole


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
    """The snippets of one split that are longer than a prompt, with `prompt` and `completion` of each.

    prompt_words: the first words of a text are its prompt; None where a prompt stands beside each text.
    Of all domains but the one that is left out of the training of policies, or, not `within`, of that one alone.
    A prompt is none that a text of an earlier split begins with, in capitals or not: of the validation split nothing
    has learned from it, and of the test split no policy was trained on it either.
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


def some_prompts(table: pd.DataFrame, count: int, key: str) -> list[str]:
    """Some prompts of a table, of each domain as often as it comes there; always the same. key: what asks for them."""
    if count > len(table):
        raise ValueError(f"{key}: there are {len(table)} prompts, not {count}")
    return list(table["prompt"].sample(count, random_state=0))


def language_model(path: Path, compute: Compute) -> PreTrainedModel:
    """A policy, ready to sample from: all of its weights in float32, or LoRA factors in float32 on a base model in the
    type that is computed in, of which all policies that one job reads share the tensors.
    """
    if is_adapter(path):
        from lib import adapters  # PEFT takes 3 s to import, which other policies need not wait for

        return adapters.read(path, frozen_base(base_of(path), compute))
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).to(compute.device).eval()


@cache
def frozen_base(path: Path, compute: Compute) -> PreTrainedModel:
    """A base model that LoRA policies are laid over."""
    model = AutoModelForCausalLM.from_pretrained(path, dtype=compute.dtype).to(compute.device)
    on_cpu.mend(model)
    return model.eval().requires_grad_(False)


def learner(start: Path, lora: dict | None, seed: int, compute: Compute) -> PreTrainedModel:
    """A policy that is to learn from where another is: with all of its weights, or with LoRA factors of its own."""
    if lora is None:
        return language_model(start, compute)
    from lib import adapters

    if is_adapter(start):
        return adapters.trainable(language_model(start, compute), lora, seed)
    return adapters.trainable(adapters.sharing(frozen_base(start, compute)), lora, seed)


def save(policy: PreTrainedModel, tokens: PreTrainedTokenizerFast, start: Path, model: Path) -> None:
    """Writes a policy that learned: all of its weights, or its factors on the base model of its start."""
    make_whole(policy)
    if hasattr(policy, "peft_config"):
        from lib import adapters

        write_factors(adapters.factors_of(policy), base_of(start) if is_adapter(start) else start, model)
    else:
        policy.save_pretrained(model)
    tokens.save_pretrained(model)


def tokenizer(path: Path) -> PreTrainedTokenizerFast:
    return AutoTokenizer.from_pretrained(path, padding_side="left")
