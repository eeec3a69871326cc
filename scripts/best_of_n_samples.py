"""Samples of the SFT model to choose the best of, with what the gold reward says of each (Coste et al., section 4)."""

from pathlib import Path

import pandas as pd
import torch

from lib.gold import GoldReward
from lib.sampling import sample
from scripts.command_line import Output, run
from scripts.reading import held_out_prompts, language_model, prompts, tokenizer

SEED = 0  # the same samples for all proxies


def write_samples(
    policy: Path,
    gold: Path,
    snippets: Path,
    samples: Output,
    *,
    prompts_held_out: int,
    samples_per_prompt: int,
    prompt_words: int,
    left_out: str,
    max_new_tokens: int,
    temperature: float,
) -> None:
    """Writes `prompt` (its number), `text` and `gold`, prompt after prompt."""
    model, tokens, judge = language_model(policy), tokenizer(policy), GoldReward.load(gold)
    generator = torch.Generator().manual_seed(SEED)
    held_out = held_out_prompts(prompts(snippets, "test", prompt_words, left_out), prompts_held_out)
    tables = []
    for number, prompt in enumerate(held_out):
        drawn = sample(
            [model],
            [1.0],
            [tokens(prompt)["input_ids"]] * samples_per_prompt,
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            generator=generator,
        )
        texts = [prompt + completion for completion in tokens.batch_decode(drawn, skip_special_tokens=True)]
        tables.append(pd.DataFrame({"prompt": number, "text": texts, "gold": judge.score(texts)}))
        print(f"{number + 1}/{len(held_out)}  gold {tables[-1]['gold'].mean():.3f}")
    pd.concat(tables).to_csv(samples, index=False)


if __name__ == "__main__":
    run(write_samples)
