"""Pairs of the SFT model's own samples, with what the gold reward says of each (Coste et al., section 4).

Of prompts of the training split, for proxies to learn from, and of the validation split, to judge the proxies.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from lib.gold import GoldReward
from lib.sampling import sample
from scripts.command_line import Output, run
from scripts.reading import language_model, prompts, tokenizer

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
) -> None:
    """Writes a line of JSON per pair: `split`, the texts `first` and `second`, `gold_first`, `gold_second`, and `draw`,
    uniform on 0 to 1, which decides whether a label is wrong.
    """
    model, tokens, judge = language_model(policy), tokenizer(policy), GoldReward.load(gold)
    generator, draws = torch.Generator().manual_seed(SEED), np.random.default_rng(SEED)
    tables = []
    for split, count in (("train", pairs), ("validation", held_out_pairs)):
        available = prompts(snippets, split, prompt_words, left_out)["prompt"]
        if count > len(available):
            raise ValueError(f"reward_ensembles: there are {len(available)} prompts of the {split} split, not {count}")
        chosen = list(available.sample(count, random_state=SEED))
        table = pd.DataFrame({"split": split, "draw": draws.random(count)})
        for place in ("first", "second"):
            table[place] = [
                prompt + completion
                for start in range(0, count, BATCH)
                for prompt, completion in zip(
                    chosen[start : start + BATCH],
                    tokens.batch_decode(
                        sample(
                            [model],
                            [1.0],
                            tokens(chosen[start : start + BATCH])["input_ids"],
                            max_new_tokens=max_new_tokens,
                            temperature=temperature,
                            generator=generator,
                        ),
                        skip_special_tokens=True,
                    ),
                )
            ]
            table[f"gold_{place}"] = judge.score(list(table[place]))
            print(f"{split}: {count} samples, gold {table[f'gold_{place}'].mean():.3f}")
        tables.append(table)
    pd.concat(tables).to_json(preferences, orient="records", lines=True, force_ascii=False)


if __name__ == "__main__":
    run(write_preferences)
