"""Pairs of the SFT model's own samples, with the gold reward of each (Coste et al., section 4).

Proxies are trained on the pairs from the training split's prompts, and evaluated on those from the validation split.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from lib.data.chat import conversations
from lib.data.prompts import prompts, some_prompts
from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.machine.compute import Compute
from lib.models.loading import language_model, tokenizer
from lib.policies.sampling import sample_texts
from lib.reward_models.loading import load

BATCH = 256
SEED = 0  # of prompts, samples and label noise: all proxies learn from the same pairs


def write_preferences(
    policy: Path,
    snippets: Path,
    preferences: Output,
    *,
    pairs: int,
    held_out_pairs: int,
    prompt_words: int | None,
    left_out: str | None,
    max_new_tokens: int,
    temperature: float,
    at_once: int,
    compute: dict,
    judge: dict,
) -> None:
    """judge: the source of the gold reward. Writes a line of JSON per pair: `split`, the texts `first` and `second`,
    `gold_first`, `gold_second`, and `draw`, uniform on 0 to 1, which decides whether a label is wrong.
    """
    machine = Compute.of(compute)
    model, tokens = language_model(policy, machine), tokenizer(policy)
    gold = load("gold", judge, machine, conversations(snippets))
    generator, draws = torch.Generator().manual_seed(SEED), np.random.default_rng(SEED)
    tables = []
    splits = {"train": ("pairs", pairs), "validation": ("held_out_pairs", held_out_pairs)}
    for split, (key, count) in splits.items():
        chosen, _ = some_prompts(prompts(snippets, split, prompt_words, left_out), count, f"reward_ensembles.{key}")
        table = pd.DataFrame({"split": split, "draw": draws.random(count)})
        for place in ("first", "second"):
            table[place] = sample_texts(
                model,
                tokens,
                chosen,
                max_new_tokens=max_new_tokens,
                temperature=temperature,
                generator=generator,
                batch=min(BATCH, at_once),
            )
            completions = [text.removeprefix(prompt) for text, prompt in zip(table[place], chosen)]
            table[f"gold_{place}"] = gold(chosen, completions)
            print(f"{split}: {count} samples, gold {table[f'gold_{place}'].mean():.3f}")
        tables.append(table[table["gold_first"] != table["gold_second"]])  # ties have no preference
    pd.concat(tables).to_json(preferences, orient="records", lines=True, force_ascii=False)


if __name__ == "__main__":
    run(write_preferences)
