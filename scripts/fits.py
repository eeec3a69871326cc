"""Check sizes in the parameters against the data there are and the base's context, before anything is trained."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
from transformers import AutoConfig, PreTrainedTokenizerFast

from lib.data.fits import misfits
from lib.data.prompts import prompts
from lib.data.prompts import snippets as read_snippets
from lib.data.snippets import SPLITS
from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.models.loading import tokenizer


def check(
    base: Path,
    snippets: Path,
    counts: Path,
    lengths: Output,
    *,
    prompt_words: int | None,
    left_out: str | None,
) -> None:
    """counts: what became of the rows of the data. Writes counts by split, and lengths in tokens, which follow from the
    data and the base alone. `lib.data.fits.sizes_of` are in sizes.json beside it.
    """
    tokens = tokenizer(base)
    context = getattr(AutoConfig.from_pretrained(base).get_text_config(), "max_position_embeddings", None)
    found = {"context": context, "duplicates removed": json.loads(counts.read_text())["duplicates removed"]}
    longest = []
    for split in SPLITS:
        within = prompts(snippets, split, prompt_words, left_out)
        other = (
            [] if left_out is None else list(prompts(snippets, split, prompt_words, left_out, within=False)["prompt"])
        )
        longest.append(max(token_counts(tokens, [*within["prompt"], *other]), default=0))
        found[split] = of_split(read_snippets(snippets, split), within) | {"prompts left out": len(other)}
    found["longest prompt"] = max(longest)
    learned = prompts(snippets, "train", prompt_words, left_out)
    learned = learned[learned["completion"].str.strip() != ""]
    texts = [count + 1 for count in token_counts(tokens, list(learned["prompt"] + learned["completion"]))]
    found["longest text"], found["texts beyond the context"] = max(texts, default=0), 0
    if context is not None:
        found["texts beyond the context"] = sum(count > context for count in texts)
    print(json.dumps(found, indent=2, ensure_ascii=False))
    if wrong := list(misfits(**json.loads(lengths.with_name("sizes.json").read_text()), found=found)):
        raise ValueError("; ".join(wrong))
    if beyond_context := found["texts beyond the context"]:
        print(
            f"warning: {beyond_context} of {len(texts)} texts that SFT may learn from are longer than the model's "
            f"context of {context} tokens, the longest has {found['longest text']}"
        )
    lengths.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def token_counts(tokens: PreTrainedTokenizerFast, texts: list[str]) -> list[int]:
    """The number of tokens of each text, without the end-of-text token."""
    return [len(ids) for ids in tokens(texts)["input_ids"]] if texts else []


def of_split(texts: pd.DataFrame, within: pd.DataFrame) -> dict[str, Any]:
    """Counts of one split. within: the prompts of the domains that policies are trained on."""
    return {
        "texts": len(texts),
        "prompts": len(within),
        "with a completion": int((within["completion"].str.strip() != "").sum()),
        "labelled": {name: int(texts[name].notna().sum()) for name in texts.select_dtypes("number")},
        "domains": {str(name): int(count) for name, count in texts["domain"].value_counts().sort_index().items()},
    }


if __name__ == "__main__":
    run(check)
