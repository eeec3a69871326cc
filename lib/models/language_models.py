"""Small causal language models: tokenizer, architecture, batches for pretraining, bits per byte."""

import math
from collections.abc import Iterator, Sequence

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from lib.machine.compute import texts_at_once

PAD, BEGIN, END = "<pad>", "<begin>", "<end>"


def train_tokenizer(texts: Sequence[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer with `vocabulary` entries. It puts <begin> before every text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, BEGIN, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    begin = (BEGIN, tokenizer.token_to_id(BEGIN))
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{BEGIN} $A", special_tokens=[begin])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, bos_token=BEGIN, eos_token=END, padding_side="left"
    )


def new_llama(
    tokenizer: PreTrainedTokenizerFast, *, hidden_size: int, layers: int, heads: int, context: int, seed: int
) -> LlamaForCausalLM:
    """A Llama with tied embeddings and weights drawn from `seed`; `context` is in tokens."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden_size,
        intermediate_size=hidden_size * 8 // 3 // 32 * 32,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return LlamaForCausalLM(config)


def encode(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> list[list[int]]:
    """Each text as <begin> … <end>."""
    return [[*ids, tokenizer.eos_token_id] for ids in tokenizer(list(texts))["input_ids"]]


def packed_blocks(texts: Sequence[list[int]], block: int, batch: int, seed: int) -> Iterator[Tensor]:
    """Endless batches (batch, block) of token ids: the texts joined, in a new order in each epoch."""
    generator = torch.Generator().manual_seed(seed)
    tokens: list[int] = []
    while True:
        for i in torch.randperm(len(texts), generator=generator).tolist():
            tokens += texts[i]
            while len(tokens) >= batch * block:
                yield torch.tensor(tokens[: batch * block]).view(batch, block)
                tokens = tokens[batch * block :]


@torch.no_grad()
def bits_per_byte(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], batch: int = 64
) -> float:
    """−Σ log₂ p(text) / Σ bytes of text in UTF-8. p covers the text's tokens and its end-of-text token.

    If the tokenizer puts no token before a text, p is conditional on the text's first token.
    """
    nats = 0.0
    rows = sorted(encode(tokenizer, texts), key=len)
    pad, vocabulary = tokenizer.pad_token_id, model.config.get_text_config().vocab_size
    while rows:
        size = min(batch, texts_at_once(len(rows[:batch][-1]), vocabulary))
        chosen, rows = rows[:size], rows[size:]
        length = len(chosen[-1])
        ids = torch.tensor([row + [pad] * (length - len(row)) for row in chosen]).to(model.device)
        logits = model(input_ids=ids, attention_mask=(ids != pad).long()).logits[:, :-1].float()
        nats += cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), ignore_index=pad, reduction="sum").item()
    return nats / math.log(2) / sum(len(text.encode()) for text in texts)
