"""Scores of a λ sweep between two LoRA policies: one batch of all, or merged one after the other.

    python -m benchmarks.lora_sweep --policies FIRST SECOND --sft SFT

of any experiment with LoRA, such as results/smollm2/policy/positivity/seed-1. Completions of 16 tokens are sampled for
16 prompts at each λ, and their KL to θ_sft is measured: while sampling, as in `scripts/evaluate.py`, and for merged
models by a forward pass of each of the two. What the two ways compute for the same texts is compared in float32, and
timed in what the device is fast at. Rounds of the two alternate.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from lib.evaluation.lora_policies import LoraPolicies
from lib.evaluation.points import Point
from lib.machine.compute import Compute
from lib.merging import linear_soup
from lib.models.loading import frozen_base, language_model, tokenizer
from lib.models.lora_on_disk import base_of
from lib.models.weights import set_weights, weights_of
from lib.policies.combinations import One
from lib.policies.kl import KLWhileSampling, exact_per_token
from lib.policies.log_probabilities import next_token_log_probabilities
from lib.policies.sampling import sample_from

OPENINGS = ["The", "A", "One", "Her", "His", "This", "That", "Our"]
PROMPTS = [f"{opening} {noun} was one of the very" for opening in OPENINGS for noun in ("film", "book")]
LENGTH = 16


def sweep(policies: list[Path], sft: Path, lambdas: list[float], compute: Compute):
    """All λ in one batch, as in `scripts/evaluate.py`, what their KL is measured to, and their order."""
    points = [Point("linear", (1 - weight, weight), None) for weight in lambdas]
    loaded = LoraPolicies(policies, sft, lambda path: language_model(path, compute))
    [(group, combined, references)] = loaded.combinations(points)
    return [points.index(point) for point in group], combined, references


def merged(policies: list[Path], lambdas: list[float], compute: Compute):
    """The soup of each λ as a model of its own, merged on demand."""
    parts = [weights_of(language_model(path, compute)) for path in policies]
    model = language_model(base_of(policies[0]), compute).to(compute.dtype)
    for weight in lambdas:
        set_weights(model, linear_soup(parts, [1 - weight, weight]))
        yield One([model])


def drawn_by(combined, ids: list[list[int]], watch=None) -> list[list[int]]:
    """A completion of each prompt by each combination."""
    return sample_from(
        combined.decoding(range(combined.count), ids),
        max_new_tokens=LENGTH,
        temperature=1.0,
        generator=torch.Generator().manual_seed(0),
        copies=combined.count,
        watch=watch,
    )


def kl_in_one_batch(combined, references, ids: list[list[int]]) -> float:
    """The mean KL of all combinations' completions to θ_sft, measured while they are sampled."""
    asked = {name: reference.decoding(range(combined.count), ids) for name, reference in references.items()}
    measured = KLWhileSampling(asked, 1.0, "exact_per_token")
    drawn_by(combined, ids, measured)
    return measured.kl["kl"].mean().item()


def kl_of_merged(one: One, sft: One, ids: list[list[int]]) -> float:
    """The same of one merged model, by forward passes over its completions."""
    texts = drawn_by(one, ids)
    with one.alone(0) as policy, sft.alone(0) as reference:
        ours, tokens, mask = next_token_log_probabilities(*policy, ids, texts, 1.0)
        theirs, _, _ = next_token_log_probabilities(*reference, ids, texts, 1.0)
    return exact_per_token(ours, theirs, tokens, mask).mean().item()


def largest_differences(policies: list[Path], sft: Path, lambdas: list[float], ids, device) -> dict[str, float]:
    """Between the two ways' next-token probabilities for the same texts, in float32."""
    compute = Compute(device, torch.float32)
    order, combined, _ = sweep(policies, sft, lambdas, compute)
    texts = drawn_by(combined, ids)
    with combined.together(range(combined.count), len(ids)) as mixed:
        of_batch, _, _ = next_token_log_probabilities(*mixed, ids * len(lambdas), texts, 1.0)
    found = {"probability": 0.0, "log-probability, nats": 0.0, "least log-probability, nats": 0.0}
    for number, one in enumerate(merged(policies, lambdas, compute)):
        place = slice(order.index(number) * len(ids), (order.index(number) + 1) * len(ids))
        with one.alone(0) as mixed:
            of_one, _, mask = next_token_log_probabilities(*mixed, ids, texts[place], 1.0)
        said = [of * mask.unsqueeze(-1) for of in (of_batch[place][:, : of_one.size(1)], of_one)]
        of_probabilities = (said[0].exp() - said[1].exp()).abs().max().item()
        found["probability"] = max(found["probability"], of_probabilities)
        of_logs = (said[0] - said[1]).abs().max().item()
        found["log-probability, nats"] = max(found["log-probability, nats"], of_logs)
        found["least log-probability, nats"] = min(found["least log-probability, nats"], said[1].min().item())
    return found


def main() -> None:
    """Prints seconds, their ratio and the largest differences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policies", type=Path, nargs=2, required=True, help="directories of two LoRA policies")
    parser.add_argument("--sft", type=Path, required=True, help="directory of what they were trained from")
    parser.add_argument("--lambdas", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    lambdas = np.linspace(0, 1, arguments.lambdas).tolist()
    ids = tokenizer(arguments.sft)(PROMPTS)["input_ids"]
    compute = Compute.of({"device": "auto", "precision": "auto"})
    both = arguments.policies, arguments.sft, lambdas
    differences = largest_differences(*both, ids, compute.device)
    frozen_base.cache_clear()
    _, combined, references = sweep(*both, compute)
    of_sft = One([language_model(arguments.sft, compute)])
    kl: dict[str, float] = {}
    seconds: dict[str, list[float]] = {"one batch": [], "one after the other": []}
    for _ in range(arguments.rounds + 1):
        started = time.perf_counter()
        kl["one batch"] = kl_in_one_batch(combined, references, ids)
        seconds["one batch"].append(time.perf_counter() - started)
        started = time.perf_counter()
        each = [kl_of_merged(one, of_sft, ids) for one in merged(arguments.policies, lambdas, compute)]
        kl["one after the other"] = float(np.mean(each))
        seconds["one after the other"].append(time.perf_counter() - started)
    medians = {name: float(np.median(times[1:])) for name, times in seconds.items()}
    ratio = medians["one after the other"] / medians["one batch"]
    found = {"seconds": medians, "ratio": ratio, "mean KL, nats": kl, "largest differences": differences}
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
