"""Completions from a policy, or from several whose logits are mixed.

Training and evaluation share this code, so that a policy is evaluated on the distribution that it was trained on.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from lib.machine.processes import ALONE, Share
from lib.policies.log_probabilities import Tokens, pad_left


@torch.no_grad()
def sample(
    policies: Sequence[PreTrainedModel],
    weights: Sequence[float],
    prompts: Sequence[Tokens],
    *,
    max_new_tokens: int,
    temperature: float,
    generator: torch.Generator | None = None,
    copies: int = 1,
    share: Share = ALONE,
) -> list[Tokens]:
    """One completion per prompt from softmax(Σᵢ wᵢ zᵢ / temperature), zᵢ the policies' logits.

    One policy with weight 1 is plain sampling. The experts with weights λ are the prediction ensemble that Rewarded
    Soups compares with. The policies share one vocabulary. A completion ends with an end-of-text token unless it has
    `max_new_tokens` tokens.

    copies: `prompts` is a list repeated so many times, for a model that treats each copy differently
    (`lib.evaluation.sweeps`). Each copy gets the random numbers that the list would get alone.
    share: `prompts` is this process's part of a batch that several processes sample from equal states of torch's
    generator. Each prompt gets the same random numbers as in one process, and all processes take equally many steps.
    """
    # Longer than other functions: a loop whose lines all depend on the previous step.
    ends, pad = end_tokens(policies[0]), policies[0].config.pad_token_id
    ids, mask = pad_left(prompts, pad, policies[0].device)
    caches: list = [None] * len(policies)
    running = torch.ones(len(prompts), dtype=torch.bool, device=ids.device)
    completions = torch.full((len(prompts), max_new_tokens), pad, device=ids.device)
    step_ids = ids
    for step in range(max_new_tokens):
        logits = torch.zeros((), device=ids.device)
        for i, (policy, weight) in enumerate(zip(policies, weights)):
            output = policy(
                input_ids=step_ids,
                attention_mask=mask,
                position_ids=(mask.cumsum(-1) - 1).clamp(min=0)[:, -step_ids.size(1) :],
                past_key_values=caches[i],
                use_cache=True,
                logits_to_keep=1,
            )
            caches[i] = output.past_key_values
            logits = logits + weight * output.logits[:, -1].float()
        drawn = draw(torch.softmax(logits / temperature, -1), generator, copies, share)
        completions[:, step] = torch.where(running, drawn, pad)
        running = running & ~torch.isin(drawn, torch.tensor(ends, device=ids.device))
        if not _any(running, share):
            break
        step_ids = completions[:, step : step + 1]
        mask = torch.cat([mask, mask.new_ones(len(prompts), 1)], dim=1)
    return [_up_to_end(row, ends) for row in completions.tolist()]


def end_tokens(policy: PreTrainedModel) -> list[int]:
    """The end-of-text tokens; some models have several."""
    ends = policy.config.eos_token_id
    return ends if isinstance(ends, list) else [ends]


def _up_to_end(row: Tokens, ends: list[int]) -> Tokens:
    length = next((i + 1 for i, token in enumerate(row) if token in ends), len(row))
    return row[:length]


def sample_texts(
    policy: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[str],
    *,
    max_new_tokens: int,
    temperature: float,
    generator: torch.Generator,
    batch: int,
) -> list[str]:
    """One text per prompt: the prompt and a completion by the policy."""
    texts = []
    for start in range(0, len(prompts), batch):
        chosen = prompts[start : start + batch]
        ids = tokenizer(list(chosen))["input_ids"]
        drawn = sample(
            [policy], [1.0], ids, max_new_tokens=max_new_tokens, temperature=temperature, generator=generator
        )
        completions = tokenizer.batch_decode(drawn, skip_special_tokens=True)
        texts += [prompt + completion for prompt, completion in zip(chosen, completions)]
    return texts


def _any(running: Tensor, share: Share) -> bool:
    """Whether any completion is unfinished, in any process."""
    unfinished = running.any().int()
    if share.count > 1:
        torch.distributed.all_reduce(unfinished, torch.distributed.ReduceOp.MAX)
    return bool(unfinished)


def draw(
    probabilities: Tensor, generator: torch.Generator | None = None, copies: int = 1, share: Share = ALONE
) -> Tensor:
    """One index per row of (batch, vocabulary), by inversion of the cumulative distribution.

    The same distribution as torch.multinomial, but much faster on a CPU. generator: one of the CPU, on whatever device
    the model is; None is torch's default. copies, share: as in `sample`.
    """
    cumulative = probabilities.cumsum(-1)
    rows = len(probabilities) // copies
    uniform = torch.rand(share.count * rows, 1, generator=generator)[share.index * rows :][:rows]
    return at_quantiles(cumulative, uniform.repeat(copies, 1))


def at_quantiles(cumulative: Tensor, uniform: Tensor) -> Tensor:
    """One index per row of a cumulative distribution, (batch, vocabulary), for numbers from 0 to 1, (batch, 1)."""
    index = torch.searchsorted(cumulative, uniform.to(cumulative.device) * cumulative[:, -1:], right=True).squeeze(-1)
    return index.clamp(max=cumulative.size(-1) - 1)
