"""What a policy is judged by: rewards and KL of completions sampled on held-out prompts."""

from collections.abc import Mapping, Sequence

import pandas as pd
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from lib.kl import ESTIMATORS
from lib.rewards import Reward
from lib.sampling import next_token_log_probabilities, sample


def score(
    policies: Sequence[PreTrainedModel],
    weights: Sequence[float],
    *,
    references: Mapping[str, PreTrainedModel],
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[str],
    rewards: Sequence[Reward],
    max_new_tokens: int,
    temperature: float,
    kl_estimator: str,
    seed: int,
    batch: int = 64,
) -> pd.DataFrame:
    """One completion per prompt, from one policy or from a mixture of logits (`lib.sampling.sample`).

    Returns one row per prompt: `prompt` (its number), `completion`, KL to each reference by the
    name of its column (nats, by the named estimator, of the distributions at the temperature that
    was sampled at) and one column per reward. The generator of each batch starts from `seed`: policies scored with one
    seed meet the same random numbers.
    """
    prompt_ids = tokenizer(list(prompts))["input_ids"]
    completions: list[str] = []
    kl: dict[str, list[float]] = {name: [] for name in references}
    for start in range(0, len(prompts), batch):
        ids = prompt_ids[start : start + batch]
        generator = torch.Generator().manual_seed(seed * len(prompts) + start)
        drawn = sample(
            policies, weights, ids, max_new_tokens=max_new_tokens, temperature=temperature, generator=generator
        )
        policy, tokens, mask = next_token_log_probabilities(policies, weights, ids, drawn, temperature)
        for name, reference in references.items():
            other, _, _ = next_token_log_probabilities([reference], [1.0], ids, drawn, temperature)
            kl[name] += ESTIMATORS[kl_estimator](policy, other, tokens, mask).tolist()
        completions += tokenizer.batch_decode(drawn, skip_special_tokens=True)
    table = pd.DataFrame({"prompt": range(len(prompts)), "completion": completions} | kl)
    for reward in rewards:
        table[reward.name] = reward(prompts, completions)
    return table
