"""How far the two SFT models are from their soup, in nats, before a policy has the soup as its reference (SALSA)."""

import json
from pathlib import Path

import numpy as np
import torch

from lib.data.prompts import prompts, some_prompts
from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.machine.compute import Compute
from lib.models.loading import language_model, tokenizer
from lib.papers.salsa.spread import spread_of, spread_table, too_near
from lib.policies.combinations import One
from lib.policies.kl import sample_with_kl

PROMPTS = 200  # not those of `evaluation.prompts`, a change of which would train SALSA's policies again
BATCH = 64
SEED = 0  # of the completions


def measure_spread(
    sft: list[Path],
    soup: Path,
    snippets: Path,
    spread: Output,
    *,
    prompt_words: int | None,
    left_out: str | None,
    max_new_tokens: int,
    temperature: float,
    kl_estimator: str,
    compute: dict,
) -> None:
    """sft: θ_sft1 and θ_sft2. The prompts are of the validation split, one completion each."""
    machine, tokens = Compute.of(compute), tokenizer(soup)
    held_out = prompts(snippets, "validation", prompt_words, left_out)
    chosen, _ = some_prompts(held_out, min(PROMPTS, len(held_out)), "prompts of the validation split")
    ids = tokens(chosen)["input_ids"]
    first, second, middle = (One([language_model(path, machine)]) for path in [*sft, soup])
    how = {"max_new_tokens": max_new_tokens, "temperature": temperature, "estimator": kl_estimator}
    of_first = kl_to(first, {"soup": middle}, ids, **how)
    of_second = kl_to(second, {"soup": middle, "first": first}, ids, **how)
    table = spread_table([of_first["soup"], of_second["soup"]], of_second["first"])
    unit = {
        "kl": f"{kl_estimator}, nats per completion",
        "error": "standard error over prompts",
        "prompts": len(chosen),
    }
    spread.write_text(json.dumps(unit | {"spread": table.to_dict("records")}, indent=2, ensure_ascii=False) + "\n")
    for row in table.itertuples():
        print(f"{row.model} to {row.to}: {row.kl:.3f} nats, standard error {row.error:.3f}")
    why = too_near(spread_of(table))
    if why is not None:
        print(f"warning: {why}. S-1 to S-4 are not tested. Train the pair on other texts, or for longer")


def kl_to(
    model: One, references: dict[str, One], prompts: list, *, max_new_tokens: int, temperature: float, estimator: str
) -> dict[str, np.ndarray]:
    """The KL of a model's completions to each reference, by prompt. prompts: token ids."""
    found: dict[str, list[float]] = {name: [] for name in references}
    for start in range(0, len(prompts), BATCH):
        ids = prompts[start : start + BATCH]
        asked = {name: reference.decoding([0], ids) for name, reference in references.items()}
        _, kl = sample_with_kl(
            model.decoding([0], ids),
            asked,
            estimator,
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            generator=torch.Generator().manual_seed(SEED + start),
        )
        for name, values in kl.items():
            found[name] += values
    return {name: np.array(values) for name, values in found.items()}


if __name__ == "__main__":
    run(measure_spread)
