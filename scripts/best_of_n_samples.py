"""Samples of the SFT model for best-of-n, with the gold reward of each (Coste et al., section 4)."""

from pathlib import Path

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

SEED = 0  # the same samples for all proxies


def write_samples(
    policy: Path,
    snippets: Path,
    samples: Output,
    *,
    best_of_prompts: int,
    samples_per_prompt: int,
    prompt_words: int | None,
    left_out: str | None,
    max_new_tokens: int,
    temperature: float,
    at_once: int,
    compute: dict,
    judge: dict,
) -> None:
    """judge: the source of the gold reward. Writes `prompt` (its number), `text` and `gold`, prompt after prompt."""
    machine = Compute.of(compute)
    model, tokens = language_model(policy, machine), tokenizer(policy)
    gold = load("gold", judge, machine, conversations(snippets))
    generator = torch.Generator().manual_seed(SEED)
    held_out, _ = some_prompts(
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
            batch=min(samples_per_prompt, at_once),
        )
        scores = gold([prompt] * len(texts), [text.removeprefix(prompt) for text in texts])
        tables.append(pd.DataFrame({"prompt": number, "text": texts, "gold": scores}))
        print(f"{number + 1}/{len(held_out)}  gold {tables[-1]['gold'].mean():.3f}")
    pd.concat(tables).to_json(samples, orient="records", lines=True, force_ascii=False)


if __name__ == "__main__":
    run(write_samples)
