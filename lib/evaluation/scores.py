"""What a policy is judged by: rewards, KL and length of completions sampled on held-out prompts, and held-out texts."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd
import torch
from transformers import PreTrainedTokenizerFast

from lib.evaluation.held_out import HeldOut
from lib.policies.combinations import Combined
from lib.policies.kl import sample_with_kl
from lib.reward_models.loading import Reward

MOST_PROMPTS = 256  # that are sampled for together


def batched(numbers: range, size: int) -> Iterator[range]:
    """The numbers in ranges of at most `size`."""
    return (numbers[start : start + size] for start in range(0, len(numbers), size))


def score(
    combined: Combined,
    *,
    references: Mapping[str, Combined],
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[str],
    rests: Sequence[str] | None,
    rewards: Sequence[Reward],
    max_new_tokens: int,
    temperature: float,
    kl_estimator: str,
    seed: int,
    at_once: int,
) -> list[pd.DataFrame]:
    """One completion per prompt from each combination of policies (`lib.policies.combinations`).

    Returns for each a table with a row per prompt. Its columns: `prompt`, its number; `completion`; `tokens`, their
    number, with the end-of-text token; KL to each reference by the name of its column (nats, by the named estimator, of
    the distributions at the temperature that was sampled at); `words`, the number of different ones; `bits_per_byte` of
    held-out text (`lib.evaluation.held_out`); one per reward.
    The generator of each batch of prompts starts from `seed`: policies scored with one seed meet the same random
    numbers. rests: how the texts go on that the prompts are from; None: there is no `bits_per_byte`. at_once: texts
    that are sampled together, of one combination or of several.
    """
    # Longer than others: sampling and KL go batch by batch, so that what is held at once is bounded.
    prompt_ids = tokenizer(list(prompts))["input_ids"]
    columns: list[dict[str, list]] = [
        {name: [] for name in ("completion", "tokens", *references)} for _ in range(combined.count)
    ]
    batch = min(MOST_PROMPTS, at_once)
    for start in range(0, len(prompts), batch):
        ids = prompt_ids[start : start + batch]
        for numbers in batched(range(combined.count), max(1, at_once // len(ids))):
            asked = {name: reference.decoding(numbers, ids) for name, reference in references.items()}
            drawn, kl = sample_with_kl(
                combined.decoding(numbers, ids),
                asked,
                kl_estimator,
                max_new_tokens=max_new_tokens,
                temperature=temperature,
                generator=torch.Generator().manual_seed(seed * len(prompts) + start),
                copies=len(numbers),
            )
            texts = tokenizer.batch_decode(drawn, skip_special_tokens=True)
            found = {"completion": texts, "tokens": [len(row) for row in drawn]} | kl
            for place, number in enumerate(numbers):
                for name, values in found.items():
                    columns[number][name] += values[place * len(ids) : (place + 1) * len(ids)]
    held_out = None if rests is None else HeldOut(tokenizer, prompts, rests)
    tables = []
    for number, of_one in enumerate(columns):
        texts = of_one["completion"]
        further = {"words": [different_words(text) for text in texts]}
        if held_out is not None:
            further["bits_per_byte"] = held_out.bits_per_byte(combined, number)
        further |= {reward.name: reward(prompts, texts) for reward in rewards}
        tables.append(pd.DataFrame({"prompt": range(len(prompts))} | of_one | further))
    return tables


def different_words(text: str) -> int:
    """How many different words are in a text: what stands between white space, in lower case."""
    return len(set(text.lower().split()))
