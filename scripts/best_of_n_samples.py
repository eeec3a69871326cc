"""Samples of the SFT model to choose the best of, with what the gold reward says of each (Coste et al., section 4)."""

from pathlib import Path

import pandas as pd
import torch

from lib.compute import Compute
from lib.gold import GoldReward
from lib.sampling import sample_texts
from scripts.command_line import Output, run
from scripts.reading import language_model, prompts, some_prompts, tokenizer

SEED = 0  # the same samples for all proxies


def write_samples(
    policy: Path,
    gold: Path,
    snippets: Path,
    samples: Output,
    *,
    best_of_prompts: int,
    samples_per_prompt: int,
    prompt_words: int,
    left_out: str,
    max_new_tokens: int,
    temperature: float,
    compute: dict[str, str],
) -> None:
    """Writes `prompt` (its number), `text` and `gold`, prompt after prompt."""
    model, tokens, judge = language_model(policy, Compute.of(compute)), tokenizer(policy), GoldReward.load(gold)
    generator = torch.Generator().manual_seed(SEED)
    held_out = some_prompts(
        prompts(snippets, "test", prompt_words, left_out), best_of_prompts, "reward_ensembles.best_of_prompts"
    )
    tables = []
    for number, prompt in enumerate(held_out):
        texts = sample_texts(
            model,
            tokens,
            [prompt] * samples_per_prompt,
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            generator=generator,
            batch=samples_per_prompt,
        )
        tables.append(pd.DataFrame({"prompt": number, "text": texts, "gold": judge.score(texts)}))
        print(f"{number + 1}/{len(held_out)}  gold {tables[-1]['gold'].mean():.3f}")
    pd.concat(tables).to_json(samples, orient="records", lines=True, force_ascii=False)


if __name__ == "__main__":
    run(write_samples)
