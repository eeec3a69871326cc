"""Sequence classifiers as reward models: full weights, or LoRA factors and a head on θ_pre."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedModel

from lib.machine import on_cpu
from lib.machine.compute import Compute
from lib.machine.fsdp import make_whole
from lib.models.lora_on_disk import CONFIG, base_of, is_adapter

HEAD = "score"  # the name of the head in transformers' causal language models
HEADS = (HEAD, "classifier", "classification_head")  # and in other models


def new_classifier(base: Path, lora: Mapping[str, Any] | None, compute: Compute, **config: Any) -> PreTrainedModel:
    """θ_pre with a new head, drawn from torch's random generator.

    lora: `rank`, `alpha` and `modules` of the factors that are trained with the head; None if all weights are trained.
    config: `num_labels`, the number of outputs, and other entries of transformers' configuration.
    """
    if lora is None:
        model = AutoModelForSequenceClassification.from_pretrained(base, dtype=torch.float32, **config)
        return model.to(compute.device)
    from peft import LoraConfig, get_peft_model  # imported here: it takes 3 s

    plain = AutoModelForSequenceClassification.from_pretrained(base, dtype=compute.dtype, **config)
    settings = LoraConfig(
        r=lora["rank"],
        lora_alpha=lora["alpha"],
        target_modules=list(lora["modules"]),
        modules_to_save=[HEAD],
        base_model_name_or_path=str(base),
        task_type="SEQ_CLS",
    )
    plain = with_precise_head(plain.to(compute.device))
    on_cpu.speed_up(plain)
    return get_peft_model(plain, settings)


def save_classifier(model: PreTrainedModel, directory: Path) -> None:
    """Writes the weights, or the factors and the head, and the configuration."""
    make_whole(model)
    model.save_pretrained(directory)
    if hasattr(model, "peft_config"):
        (directory / "README.md").unlink()
        config = json.loads((directory / CONFIG).read_text())
        config["target_modules"].sort()  # PEFT writes a set, in random order
        (directory / CONFIG).write_text(json.dumps(config, indent=2) + "\n")
        model.config.save_pretrained(directory)  # it has the number of outputs, which the factors lack


def read_classifier(directory: Path, compute: Compute) -> PreTrainedModel:
    """What `save_classifier` wrote, or any sequence classifier of transformers, frozen."""
    if is_adapter(directory):
        from peft import PeftModel

        config = AutoConfig.from_pretrained(directory)
        plain = AutoModelForSequenceClassification.from_pretrained(
            base_of(directory), config=config, dtype=compute.dtype
        )
        model = PeftModel.from_pretrained(with_precise_head(plain), directory)
    else:
        model = AutoModelForSequenceClassification.from_pretrained(directory, dtype=torch.float32)
    return model.to(compute.device).eval().requires_grad_(False)


def freeze_encoder(model: PreTrainedModel) -> None:
    """Freezes all weights but those of the head."""
    for name, parameter in model.named_parameters():
        if HEAD not in name.split("."):
            parameter.requires_grad_(False)


def with_precise_head(plain: PreTrainedModel) -> PreTrainedModel:
    """The model with its head in float32, because three digits of bfloat16 are too few to rank texts.

    A model whose head has another name becomes float32 as a whole.
    """
    head = next((getattr(plain, name) for name in HEADS if hasattr(plain, name)), None)
    if head is None:
        return plain.float()
    head.float().register_forward_pre_hook(_in_float32)
    return plain


def _in_float32(head: nn.Module, inputs: tuple) -> tuple:
    return tuple(tensor.float() for tensor in inputs)
