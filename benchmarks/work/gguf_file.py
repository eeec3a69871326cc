"""A language model as a file for llama.cpp, whose weights keep their type."""

from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import torch
from transformers import PreTrainedModel


def without_tokenizer(writer: gguf.GGUFWriter) -> None:
    """Says that the file has no tokenizer."""
    writer.add_tokenizer_model("none")


def write_gguf(
    model: PreTrainedModel, path: Path, add_tokenizer: Callable[[gguf.GGUFWriter], None] = without_tokenizer
) -> None:
    """Writes a Llama. llama.cpp rotates neighbouring numbers of a head, transformers halves: rows are permuted."""
    config = model.config
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    add_tokenizer(writer)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    for name, weight in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        rotated = heads.get(name.split(".")[-2])
        add(writer, names.get_name(name, (".weight",)), weight if rotated is None else interleaved(weight, rotated))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def interleaved(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """The rows of each head, (heads × size, columns), from its two halves by turns."""
    return weight.view(heads, 2, -1, weight.size(1)).transpose(1, 2).reshape_as(weight)


def add(writer: gguf.GGUFWriter, name: str, weight: torch.Tensor) -> None:
    """A tensor: matrices in their type, others in float32."""
    if weight.dtype == torch.bfloat16 and weight.ndim > 1:
        raw = weight.contiguous().view(torch.int16).numpy().view(np.uint8)
        writer.add_tensor(name, raw, raw_dtype=gguf.GGMLQuantizationType.BF16)
    else:
        writer.add_tensor(name, weight.float().numpy())
