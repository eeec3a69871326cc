"""Completions from a policy, or from several whose logits are mixed.

Training and evaluation both sample here, so that a policy is judged as it was trained.
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

    With one policy of weight 1 this is plain sampling; with the experts and λ it is the ensemble
    of their predictions that Rewarded Soups compares with. The policies share one
    vocabulary. A completion ends with an end-of-text token unless it is `max_new_tokens` long.

    copies: the prompts are these many copies of a list, one after the other, for a model that does not do the same to
    each (`lib.evaluation.sweeps`); every copy meets the same random numbers, those that it would meet alone.
    share: the prompts are this process's part of a batch that several draw, from the same state of torch's generator;
    each prompt meets the random numbers that it would meet in one process, and all make equally many steps.
    """
    # Longer than others: one loop, of which every line reads what the last step left.
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
    """The tokens that end a text, of which some models have several."""
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
    """One completion of each prompt by a policy, each as prompt + completion."""
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
    """Whether anything is still running, in any of the processes."""
    found = running.any().int()
    if share.count > 1:
        torch.distributed.all_reduce(found, torch.distributed.ReduceOp.MAX)
    return bool(found)


def draw(
    probabilities: Tensor, generator: torch.Generator | None = None, copies: int = 1, share: Share = ALONE
) -> Tensor:
    """One index per row of (batch, vocabulary), by inversion of the cumulative distribution.

    The distribution of torch.multinomial, at a fraction of its time on a CPU. generator: of the CPU, wherever the model
    is, or torch's own; the batch is `copies` parts that meet the same numbers, and `share` of what all processes draw.
    """
    cumulative = probabilities.cumsum(-1)
    rows = len(probabilities) // copies
    uniform = torch.rand(share.count * rows, 1, generator=generator)[share.index * rows :][:rows]
    uniform = uniform.repeat(copies, 1).to(cumulative.device)
    index = torch.searchsorted(cumulative, uniform * cumulative[:, -1:], right=True).squeeze(-1)
    return index.clamp(max=probabilities.size(-1) - 1)
