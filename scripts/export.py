"""Write a soup of policies as a model that other tools take, with a card that says what it is.

    make export MIXTURE="editorial=0.7+positivity=0.3" EXPORT=models/mine
    make export MIXTURE=positivity SEED=2 RANK=16 EXPORT=models/mine EXPERIMENT=mine

EXPORT is a directory as transformers writes it, all weights merged. With LoRA it has EXPORT/adapter as well, the same
soup as an exact PEFT adapter, and with RANK the nearest one of that rank. EXPORT/mergekit.yaml is the recipe.
"""

import argparse
import shutil
import sys
from pathlib import Path

from lib.data.prompts import prompts
from lib.graph.experiment import Experiment
from lib.graph.modality import modality_of
from lib.machine.compute import Compute
from lib.models.adapter_shift import largest_shift
from lib.models.exporting import (
    name_base,
    rank_of,
    write_adapter,
    write_beside_weights,
    write_merged,
    write_recipe,
    write_truncated,
)
from lib.models.hub import from_hub, hub_id
from lib.models.lora_on_disk import base_of, is_adapter
from lib.papers.model_card import card
from lib.papers.register import experiment_of
from lib.reward_models.mixtures import canonical, mixture_weights

DEFAULT = Path("params.yaml")
ROUNDING = "Rounding to that type of number changed the weights by {:.2g} of what was learned since the base model."
ADAPTER = """- PEFT: `adapter` is this soup exactly, as an adapter of rank {rank} on the base model:
  `PeftModel.from_pretrained(base, "adapter")`, where `base` is {base}.
- vLLM: `vllm serve BASE --enable-lora --lora-modules soup=adapter --max-lora-rank {rank}`, or its next rank.
"""
TRUNCATED = (
    "- `{name}` is the nearest adapter of rank {rank}, by SVD; it lacks {error:.2g} of the change (Frobenius norm)"
)
SHIFT = ", and on {count} held-out prompts no log p of a token that has 0.1 % or more moves by over {shift:.2g} nats"
PROMPTS = 8  # on which adapters are compared


def export(experiment: Experiment, params: Path, mixture: str, seed: int, place: Path, rank: int | None) -> None:
    """Writes the model, whole or not at all. Raises ValueError where it cannot be made."""
    policies = policies_of(experiment, params, mixture, seed)
    base, lora = Path(experiment.results, "base"), is_adapter(next(iter(policies)))
    if rank is not None and not lora:
        raise ValueError(f"RANK: {params} trains all weights (lora is null), of which there is no adapter")
    if place.exists():
        raise ValueError(f"EXPORT: {place} is there already: remove it, or give another place")
    partial = place.with_name(f"{place.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    write_beside_weights(
        next(iter(policies)),
        base,
        partial,
        temperature=experiment.value("policy.temperature"),
        max_new_tokens=experiment.value("policy.max_new_tokens"),
    )
    paths, weights = list(policies), list(policies.values())
    write_recipe(paths, weights, base, partial / "mergekit.yaml")
    told = write_adapters(experiment, policies, partial, rank) if lora else ""
    merged = ([partial / "adapter"], [1.0]) if lora else (paths, weights)
    rounding = ROUNDING.format(write_merged(*merged, base, partial))
    spec = experiment.config["base"]
    hub = hub_id(spec["source"]) if from_hub(spec.get("source", "")) else None
    for adapter in partial.glob("adapter*") if hub else ():  # else it names the base model's place in the checkout
        name_base(adapter, hub, spec["revision"])
    about = {"mixture": mixture, "hub": hub, "rounding": rounding, "adapters": told}
    (partial / "README.md").write_text(card(experiment, params, mixture_weights(mixture), seed, about))
    partial.replace(place)
    print(f"{place} is {mixture} of seed {seed}; its README.md says what it is and how to use it. {rounding}")


def write_adapters(experiment: Experiment, policies: dict[Path, float], model: Path, rank: int | None) -> str:
    """Writes the exact adapter, and one of a smaller rank where that is asked for. Returns the card's lines on them."""
    exact = model / "adapter"
    write_adapter(list(policies), list(policies.values()), exact)
    told = ADAPTER.format(rank=rank_of(exact), base=base_of(exact))
    if rank is not None:
        smaller = model / f"adapter-rank-{rank}"
        error = write_truncated(exact, rank, smaller)
        told += TRUNCATED.format(name=smaller.name, rank=rank, error=error)
        if texts := some_texts(experiment):
            shift = largest_shift(exact, smaller, texts, Compute.of(experiment.value("compute")))
            told += SHIFT.format(count=len(texts), shift=shift)
        told += ".\n"
    return told


def some_texts(experiment: Experiment) -> list[str]:
    """Some prompts that no policy was trained on; none where the data are not here."""
    file = Path(experiment.results, "data/snippets.jsonl")
    if not file.exists():
        return []
    found = prompts(file, "test", experiment.value("data.prompt_words"), experiment.value("data.left_out"))
    return list(found["prompt"][:PROMPTS])


def policies_of(experiment: Experiment, params: Path, mixture: str, seed: int) -> dict[Path, float]:
    """The experts of a mixture with λ. Raises ValueError where there is none yet."""
    names = experiment.value("rewards")
    found = {}
    for reward, weight in mixture_weights(mixture).items():
        if reward not in names:
            raise ValueError(f"MIXTURE: there is no reward {reward}; there are {', '.join(names)}")
        policy = Path(experiment.results, "policy", reward, f"seed-{seed}")
        if not policy.exists():
            given = "" if params == DEFAULT else f" --configfile {params}"
            raise ValueError(f"{policy} is not there: `snakemake --cores 2{given} -- {policy}` trains it")
        found[policy] = weight
    return found


def seed_of(experiment: Experiment, seed: int | None) -> int:
    """Which seed's policies are exported: the first unless it is said."""
    if seed is not None and seed not in experiment.seeds:
        raise ValueError(f"SEED: there is no seed {seed}; there are {', '.join(map(str, experiment.seeds))}")
    return experiment.seeds[0] if seed is None else seed


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that choosing has as well."""
    parser.add_argument("--params", type=Path, default=DEFAULT, metavar="PATH")
    parser.add_argument("--seed", type=int, help="whose policies are exported; the first of the experiment")
    parser.add_argument("--export", type=Path, metavar="PATH", help="the directory to write")
    parser.add_argument("--rank", type=int, help="with LoRA: of one more adapter")


def main() -> None:
    """Exports the mixture that is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mixture", default="")
    add_options(parser)
    options = parser.parse_args()
    try:
        if not options.mixture or options.export is None:
            raise ValueError("MIXTURE and EXPORT: give both, such as MIXTURE=a=0.5+b=0.5 EXPORT=models/mine")
        experiment = experiment_of(options.params)
        modality_of(experiment.config).require("export")
        seed = seed_of(experiment, options.seed)
        export(experiment, options.params, canonical(options.mixture), seed, options.export, options.rank)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
