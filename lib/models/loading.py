"""Loading and saving of policies and their tokenizers."""

from functools import cache
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from lib.machine import on_cpu
from lib.machine.compute import Compute
from lib.machine.fsdp import make_whole
from lib.models.lora_on_disk import base_of, is_adapter, write_factors


def language_model(path: Path, compute: Compute) -> PreTrainedModel:
    """A policy to sample from: full weights in float32, or LoRA factors in float32 on a base model in `compute.dtype`.

    The LoRA policies of a job share the tensors of their base model.
    """
    if is_adapter(path):
        from lib.models import lora_in_memory  # imported here: PEFT takes 3 s, and full weights do not need it

        return lora_in_memory.read(path, frozen_base(base_of(path), compute))
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).to(compute.device).eval()


@cache
def frozen_base(path: Path, compute: Compute) -> PreTrainedModel:
    """The frozen base model of LoRA policies, loaded once."""
    model = AutoModelForCausalLM.from_pretrained(path, dtype=compute.dtype).to(compute.device)
    on_cpu.speed_up(model)
    return model.eval().requires_grad_(False)


def learner(start: Path, lora: dict | None, seed: int, compute: Compute) -> PreTrainedModel:
    """A policy to be trained, which starts as the policy in `start`: full weights, or new LoRA factors (`lora`)."""
    if lora is None:
        return language_model(start, compute)
    from lib.models import lora_in_memory

    if is_adapter(start):
        return lora_in_memory.trainable(language_model(start, compute), lora, seed)
    return lora_in_memory.trainable(lora_in_memory.sharing(frozen_base(start, compute)), lora, seed)


def save(policy: PreTrainedModel, tokens: PreTrainedTokenizerFast, start: Path, model: Path) -> None:
    """Writes a trained policy: full weights, or LoRA factors that name the base model of `start`."""
    make_whole(policy)
    if hasattr(policy, "peft_config"):
        from lib.models import lora_in_memory

        write_factors(lora_in_memory.factors_of(policy), base_of(start) if is_adapter(start) else start, model)
    else:
        policy.save_pretrained(model)
    tokens.save_pretrained(model)


def tokenizer(path: Path) -> PreTrainedTokenizerFast:
    """The tokenizer of a model, with padding on the left."""
    return AutoTokenizer.from_pretrained(path, padding_side="left")
