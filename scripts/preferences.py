"""Pairs of the SFT model's own samples, with what the gold reward says of each (Coste et al., section 4).

Of prompts of the training split, for proxies to learn from, and of the validation split, to judge the proxies.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from lib.compute import Compute
from lib.gold import GoldReward
from lib.sampling import sample_texts
from scripts.command_line import Output, run
from scripts.reading import language_model, prompts, some_prompts, tokenizer

BATCH = 256
SEED = 0  # of prompts, samples and of which labels are wrong: one set of pairs, of which all proxies learn


def write_preferences(
    policy: Path,
    gold: Path,
    snippets: Path,
    preferences: Output,
    *,
    pairs: int,
    held_out_pairs: int,
    prompt_words: int,
    left_out: str,
    max_new_tokens: int,
    temperature: float,
    compute: dict[str, str],
) -> None:
    """Writes a line of JSON per pair: `split`, the texts `first` and `second`, `gold_first`, `gold_second`, and `draw`,
    uniform on 0 to 1, which decides whether a label is wrong.
    """
    model, tokens, judge = language_model(policy, Compute.of(compute)), tokenizer(policy), GoldReward.load(gold)
    generator, draws = torch.Generator().manual_seed(SEED), np.random.default_rng(SEED)
    tables = []
    wanted = {"train": ("pairs", pairs), "validation": ("held_out_pairs", held_out_pairs)}
    for split, (key, count) in wanted.items():
        chosen = some_prompts(prompts(snippets, split, prompt_words, left_out), count, f"reward_ensembles.{key}")
        table = pd.DataFrame({"split": split, "draw": draws.random(count)})
        for place in ("first", "second"):
            table[place] = sample_texts(
                model,
                tokens,
                chosen,
                max_new_tokens=max_new_tokens,
                temperature=temperature,
                generator=generator,
                batch=BATCH,
            )
            table[f"gold_{place}"] = judge.score(list(table[place]))
            print(f"{split}: {count} samples, gold {table[f'gold_{place}'].mean():.3f}")
        tables.append(table[table["gold_first"] != table["gold_second"]])  # of equal texts none is preferred
    pd.concat(tables).to_json(preferences, orient="records", lines=True, force_ascii=False)


if __name__ == "__main__":
    run(write_preferences)
