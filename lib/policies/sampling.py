"""Completions from a policy, or from several whose logits are mixed.

Training and evaluation share this code, so that a policy is evaluated on the distribution that it was trained on.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from lib.machine.on_cpu import tempered
from lib.machine.processes import ALONE, Share
from lib.policies.decoding import Decoding
from lib.policies.log_probabilities import Tokens

Watch = Callable[[Tensor, Tensor, Tensor], None]


def sample(
    policies: Sequence[PreTrainedModel],
    weights: Sequence[float],
    prompts: Sequence[Tokens],
    *,
    max_new_tokens: int,
    temperature: float,
    generator: torch.Generator | None = None,
    share: Share = ALONE,
    watch: Watch | None = None,
) -> list[Tokens]:
    """One completion per prompt from softmax(Σᵢ wᵢ zᵢ / temperature), zᵢ the policies' logits.

    One policy with weight 1 is plain sampling. The experts with weights λ are the prediction ensemble that Rewarded
    Soups compares with. The policies share one vocabulary. A completion ends with an end-of-text token unless it has
    `max_new_tokens` tokens.

    share: `prompts` is this process's part of a batch that several processes sample from equal states of torch's
    generator. Each prompt gets the same random numbers as in one process, and all processes take equally many steps.
    watch: as in `sample_from`.
    """
    return sample_from(
        Decoding(lambda: nullcontext((policies, weights)), prompts, same=True),
        max_new_tokens=max_new_tokens,
        temperature=temperature,
        generator=generator,
        share=share,
        watch=watch,
    )


@torch.inference_mode()
def sample_from(
    decoding: Decoding,
    *,
    max_new_tokens: int,
    temperature: float,
    generator: torch.Generator | None = None,
    copies: int = 1,
    share: Share = ALONE,
    watch: Watch | None = None,
) -> list[Tokens]:
    """As `sample`, from any decoding.

    copies: the prompts are a list repeated so many times, for combinations that are run together
    (`lib.policies.combinations`). Each copy gets the random numbers that the list would get alone.
    watch: called at each step with log π of the next token, (prompts, vocabulary), the tokens that were drawn and the
    completions that they belong to, (prompts,) each. It may take steps of its own (`lib.policies.kl`).
    """
    ends = torch.tensor(decoding.ends, device=decoding.device)
    running = torch.ones(len(decoding.prompts), dtype=torch.bool, device=decoding.device)
    drawn, columns = None, []
    for _ in range(max_new_tokens):
        logits = tempered(decoding.after(drawn), temperature)
        drawn = torch.where(running, draw(torch.softmax(logits, -1), generator, copies, share), decoding.pad)
        columns.append(drawn)
        if watch is not None:
            watch(torch.log_softmax(logits, -1), drawn, running)
        running = running & ~torch.isin(drawn, ends)
        if not _any(running, share):
            break
    return [_up_to_end(row, decoding.ends) for row in torch.stack(columns, dim=1).tolist()]


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
