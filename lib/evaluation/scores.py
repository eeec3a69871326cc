"""What a policy is judged by: rewards and KL of completions sampled on held-out prompts."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd
import torch
from transformers import PreTrainedTokenizerFast

from lib.policies.combinations import Combined
from lib.policies.kl import kl_of_completions
from lib.policies.sampling import sample
from lib.reward_models.loading import Reward


def batched(numbers: range, size: int) -> Iterator[range]:
    """The numbers in ranges of at most `size`."""
    return (numbers[start : start + size] for start in range(0, len(numbers), size))


def score(
    combined: Combined,
    *,
    references: Mapping[str, Combined],
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[str],
    rewards: Sequence[Reward],
    max_new_tokens: int,
    temperature: float,
    kl_estimator: str,
    seed: int,
    at_once: int,
    batch: int = 64,
) -> list[pd.DataFrame]:
    """One completion per prompt from each combination of policies (`lib.policies.combinations`).

    Returns for each a table with a row per prompt: `prompt` (its number), `completion`, KL to each reference by the
    name of its column (nats, by the named estimator, of the distributions at the temperature that
    was sampled at) and one column per reward. The generator of each batch of prompts starts from `seed`: policies
    scored with one seed meet the same random numbers. at_once: texts that are sampled together, if it is more than the
    prompts of a batch, those of several combinations.
    """
    # Longer than others: sampling and KL go batch by batch, so that what is held at once is bounded.
    prompt_ids = tokenizer(list(prompts))["input_ids"]
    completions: list[list[str]] = [[] for _ in range(combined.count)]
    kl: list[dict[str, list[float]]] = [{name: [] for name in references} for _ in range(combined.count)]
    for start in range(0, len(prompts), batch):
        ids = prompt_ids[start : start + batch]
        drawn: list[list[int]] = []
        for numbers in batched(range(combined.count), max(1, at_once // len(ids))):
            with combined.together(numbers, len(ids)) as (models, weights):
                drawn += sample(
                    models,
                    weights,
                    ids * len(numbers),
                    max_new_tokens=max_new_tokens,
                    temperature=temperature,
                    generator=torch.Generator().manual_seed(seed * len(prompts) + start),
                    copies=len(numbers),
                )
        for number in range(combined.count):
            own = drawn[number * len(ids) : (number + 1) * len(ids)]
            found = kl_of_completions(
                combined, references, number, ids, own, temperature=temperature, estimator=kl_estimator
            )
            for name, values in found.items():
                kl[number][name] += values
            completions[number] += tokenizer.batch_decode(own, skip_special_tokens=True)
    tables = []
    for texts, of_one in zip(completions, kl):
        of_rewards = {reward.name: reward(prompts, texts) for reward in rewards}
        tables.append(pd.DataFrame({"prompt": range(len(prompts)), "completion": texts} | of_one | of_rewards))
    return tables
