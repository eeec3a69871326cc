"""Requests a second from a front of LoRA policies: as it is served, or with a model merged for each λ.

    python -m benchmarks.serving --policies results/smollm2/policy/{positivity,editorial}/seed-1

Without --policies, a Llama with weights drawn at random and two LoRA policies on it are made for it, of the size that
--hidden-size and --layers say. All requests are there at the beginning, either with one λ or each with a λ of its own,
and are worked on one by one or 16 together. Merging makes the weights of a λ in memory, and then samples the requests
of this λ in a batch. Rounds of the two ways alternate; the first is not counted. HTTP is not measured.
"""

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from lib.evaluation.lora_policies import LoraPolicies
from lib.machine.compute import Compute
from lib.merging import linear_soup
from lib.models.loading import frozen_base, language_model
from lib.models.lora_in_memory import TRAINED, factors_of, sharing, trainable
from lib.models.lora_on_disk import base_of, write_factors
from lib.models.weights import set_weights, weights_of
from lib.policies.sampling import sample
from lib.serving.batch import Batch, Request
from lib.serving.engine import Engine

BATCHES = (1, 16)
LORA = {"rank": 16, "alpha": 32, "modules": ["q_proj", "k_proj", "v_proj", "o_proj"]}
VOCABULARY = 32000
NO_TOKEN = -1  # as the end of a text, so that all completions are equally long


def made(folder: Path, hidden_size: int, layers: int, compute: Compute) -> list[Path]:
    """Two LoRA policies on a Llama, with weights drawn at random."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=hidden_size,
        intermediate_size=hidden_size * 8 // 3,
        num_hidden_layers=layers,
        num_attention_heads=hidden_size // 64,
        num_key_value_heads=hidden_size // 64,
        tie_word_embeddings=True,
        pad_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(folder / "base")
    for seed in (1, 2):
        policy = trainable(sharing(frozen_base(folder / "base", compute)), LORA, seed)
        for name, parameter in policy.named_parameters():
            if f"lora_B.{TRAINED}" in name:
                nn.init.normal_(parameter, std=0.01)
        write_factors(factors_of(policy), folder / "base", folder / f"policy-{seed}")
    return [folder / "policy-1", folder / "policy-2"]


def served(policies: Sequence[Path], compute: Compute) -> Callable[[list[Request], int], None]:
    """Answers requests as the server does."""
    loaded = LoraPolicies(policies, policies[0], lambda path: language_model(path, compute))
    loaded.model.config.eos_token_id = NO_TOKEN

    def answer(requests: list[Request], batch: int) -> None:
        engine = Engine(Batch(loaded.model, loaded.adapters), batch, len(requests))
        answers = [engine.submit(request) for request in requests]
        engine.start()
        for found in answers:
            found.result()
        engine.stop()

    return answer


def merged(policies: Sequence[Path], compute: Compute) -> Callable[[list[Request], int], None]:
    """Answers requests by a model that is merged for each λ."""
    parts = [weights_of(language_model(path, compute)) for path in policies]
    model = language_model(base_of(policies[0]), compute).to(compute.dtype)
    model.config.eos_token_id = NO_TOKEN

    def answer(requests: list[Request], batch: int) -> None:
        for weights in dict.fromkeys(tuple(request.coefficients) for request in requests):
            set_weights(model, linear_soup(parts, weights))
            prompts = [request.prompt for request in requests if tuple(request.coefficients) == weights]
            for start in range(0, len(prompts), batch):
                chosen = prompts[start : start + batch]
                sample([model], [1.0], chosen, max_new_tokens=requests[0].max_tokens, temperature=1.0)

    return answer


def timed(answer: Callable[[list[Request], int], None], requests: list[Request], batch: int) -> float:
    """Requests a second."""
    started = time.perf_counter()
    answer(requests, batch)
    return len(requests) / (time.perf_counter() - started)


def compared(policies: Sequence[Path], compute: Compute, requests: int, tokens: int, rounds: int) -> pd.DataFrame:
    """A row for each batch size and number of λ: medians of both ways, with least and most, and their ratio."""
    ways = {"served": served(policies, compute), "merged for each λ": merged(policies, compute)}
    rows = []
    for batch in BATCHES:
        for lambdas in (1, requests):
            first = [(i % lambdas + 1) / (lambdas + 1) for i in range(requests)]
            wanted = [
                Request([1, *range(5, 12)], [weight, 1 - weight], tokens, 1.0, i) for i, weight in enumerate(first)
            ]
            found = pd.DataFrame(
                [{name: timed(answer, wanted, batch) for name, answer in ways.items()} for _ in range(rounds + 1)]
            )[1:]
            told = {name: f"{of.median():.2f} ({of.min():.2f} to {of.max():.2f})" for name, of in found.items()}
            ratio = found["served"].median() / found["merged for each λ"].median()
            rows.append({"batch": batch, "λ": lambdas, **told, "ratio": round(ratio, 2)})
    return pd.DataFrame(rows)


def main() -> None:
    """Prints requests a second."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policies", type=Path, nargs=2, help="directories of two LoRA policies")
    parser.add_argument("--hidden-size", type=int, default=768, help="a multiple of 64")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--requests", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=8, help="of each completion")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore", FutureWarning)
    compute = Compute.of({"device": "auto", "precision": "auto"})
    with tempfile.TemporaryDirectory() as folder:
        policies = options.policies or made(Path(folder), options.hidden_size, options.layers, compute)
        parameters = sum(tensor.numel() for tensor in frozen_base(base_of(policies[0]), compute).parameters())
        print(f"{parameters / 1e6:.0f} million parameters, {options.tokens} tokens a request, {compute}", flush=True)
        table = compared(policies, compute, options.requests, options.tokens, options.rounds)
    print(table.to_markdown(index=False))


if __name__ == "__main__":
    main()
