"""Train the base model θ_pre from scratch on the texts of the training split, with its tokenizer."""

import json
from pathlib import Path

import torch

from lib.data.prompts import snippets as read_snippets
from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.models.language_models import bits_per_byte, encode, new_llama, packed_blocks, train_tokenizer
from lib.models.pretraining import pretrain
from lib.policies.sampling import sample

SAMPLES = 10


def train_base(
    snippets: Path,
    model: Output,
    report: Output,
    *,
    vocabulary: int,
    hidden_size: int,
    layers: int,
    heads: int,
    context: int,
    passes: float,
    batch_size: int,
    learning_rate: float,
    seed: int,
) -> None:
    texts = list(read_snippets(snippets, "train")["text"])
    tokenizer = train_tokenizer(texts, vocabulary)
    llama = new_llama(tokenizer, hidden_size=hidden_size, layers=layers, heads=heads, context=context, seed=seed)
    rows = encode(tokenizer, texts)
    steps = round(passes * sum(map(len, rows)) / (batch_size * context))
    if steps == 0:
        raise ValueError("base.passes: the text is too short for one step of base.batch_size x base.context tokens")

    def progress(step: int, loss: float) -> None:
        if step % 50 == 0 or step == steps:
            print(f"step {step}/{steps}  loss {loss:.3f} nats per token")

    batches = packed_blocks(rows, context, batch_size, seed)
    pretrain(llama, batches, steps=steps, learning_rate=learning_rate, progress=progress)
    bits = bits_per_byte(llama, tokenizer, list(read_snippets(snippets, "validation")["text"]))
    empty_prompts = [[tokenizer.bos_token_id]] * SAMPLES
    generator = torch.Generator().manual_seed(seed)
    drawn = sample([llama], [1.0], empty_prompts, max_new_tokens=context // 2, temperature=1.0, generator=generator)
    findings = {
        "parameters": llama.num_parameters(),
        "training tokens": steps * batch_size * context,
        "bits per byte, validation": bits,
        "samples": tokenizer.batch_decode(drawn, skip_special_tokens=True),
    }
    print(json.dumps(findings, indent=2, ensure_ascii=False))
    llama.save_pretrained(model)
    tokenizer.save_pretrained(model)
    report.write_text(json.dumps(findings, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    run(train_base)
