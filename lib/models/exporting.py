"""A soup of policies as other tools take it: a plain model, PEFT adapters, a recipe of mergekit.

Base model: the directory on which LoRA policies are factors; of policies with full weights, that with their number
type. Sums are in float32.
"""

import json
import math
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor
from torch.nn.functional import pad
from transformers import AutoTokenizer, GenerationConfig

from lib.merges.linear import linear_soup
from lib.merges.task_vectors import Weights
from lib.models.lora_on_disk import CONFIG, Factors, is_adapter, merge_adapters, read_factors, write_factors
from lib.models.streaming import Checkpoint, pieces, write_weights

NOT_COPIED = shutil.ignore_patterns(
    "*.safetensors", "README.md", "adapter_*", "config.json", "generation_config.json", ".snakemake_timestamp"
)


def rank_of(adapter: Path) -> int:
    """The rank of an adapter."""
    return json.loads((adapter / CONFIG).read_text())["r"]


def write_adapter(policies: Sequence[Path], weights: Sequence[float], adapter: Path) -> None:
    """Writes the soup of LoRA policies as one PEFT adapter, exactly: the rows of all their A, with λ in B."""
    merge_adapters(policies, [adapter], lambda parts: [linear_soup(parts, weights)])


def write_truncated(adapter: Path, rank: int, smaller: Path) -> float:
    """Writes an adapter's nearest one of a smaller rank. Returns its error, as `truncated` does.

    Raises ValueError where the adapter has no larger rank.
    """
    settings = json.loads((adapter / CONFIG).read_text())
    if not 1 <= rank < settings["r"]:
        raise ValueError(f"RANK: {rank} is no smaller rank: the exact soup has {settings['r']}")
    factors, error = truncated(read_factors(adapter), rank)
    shutil.copytree(adapter, smaller, ignore=shutil.ignore_patterns("adapter_*"))
    write_factors(factors, settings["base_model_name_or_path"], smaller)
    return error


def truncated(factors: Factors, rank: int) -> tuple[Factors, float]:
    """The factors of the rank nearest to B A, by SVD, and ‖B' A' − B A‖ / ‖B A‖ over all weights (Frobenius)."""
    smaller, lost, whole = {}, 0.0, 0.0
    for name, (a, b) in factors.items():
        left, right = torch.linalg.qr(b.double()), torch.linalg.qr(a.double().T)
        u, sizes, v = torch.linalg.svd(left.R @ right.R.T, full_matrices=False)
        root = sizes[:rank].sqrt()
        new_b, new_a = left.Q @ u[:, :rank] * root, root[:, None] * (v[:rank] @ right.Q.T)
        missing = rank - len(root)  # where a weight has no such rank
        smaller[name] = pad(new_a, (0, 0, 0, missing)).float(), pad(new_b, (0, missing)).float()
        lost += sizes[rank:].square().sum().item()
        whole += sizes.square().sum().item()
    return smaller, math.sqrt(lost / whole) if whole else 0.0


def write_merged(policies: Sequence[Path], weights: Sequence[float], base: Path, model: Path) -> float:
    """Writes the soup's weights, all of them, in the number types of the base model's file.

    Returns the error of rounding to these types, ‖stored − exact‖ / ‖exact − base‖: relative to what was learned.
    """
    with Checkpoint(base) as layout:
        header, types = layout.header, layout.types
    lost = learned = 0.0

    def soups() -> Iterator[list[Weights]]:
        nonlocal lost, learned
        for *parts, origin in pieces([*policies, base]):
            [(name, exact)] = linear_soup(parts, weights).items()
            lost += squares(exact.to(types[name]).float() - exact)
            learned += squares(exact - origin[name])
            yield [{name: exact}]

    write_weights([model], header, types, soups())
    return math.sqrt(lost / learned) if learned else 0.0


def squares(tensor: Tensor) -> float:
    """The sum of squares."""
    return tensor.double().square().sum().item()


def write_beside_weights(policy: Path, base: Path, model: Path, *, temperature: float, max_new_tokens: int) -> None:
    """Writes what a model has beside its weights: configuration, tokenizer with its chat template, how to sample.

    policy: one of those in the soup, as a model like it. Sampling is from all tokens at the temperature, as in
    training, and ends with any end token of the policy's and the base model's configuration and of the tokenizer.
    """
    shutil.copytree(policy, model, ignore=NOT_COPIED)
    of_base = json.loads((base / "config.json").read_text())
    config = of_base if is_adapter(policy) else json.loads((policy / "config.json").read_text())
    if not config.get("use_cache", True):  # as trainings leave it, in which generation would be slow
        del config["use_cache"]
    (model / "config.json").write_text(json.dumps(config | {"dtype": of_base.get("dtype")}, indent=2) + "\n")
    GenerationConfig(
        do_sample=True,
        temperature=temperature,
        top_k=0,  # all
        top_p=1.0,
        max_new_tokens=max_new_tokens,
        eos_token_id=end_tokens(config, base, policy),
        **{key: config.get(key) for key in ("bos_token_id", "pad_token_id")},
    ).save_pretrained(model)


def end_tokens(config: dict[str, Any], base: Path, policy: Path) -> list[int]:
    """The end tokens of a configuration, of the base model's settings of generation, and of a policy's tokenizer."""
    beside = base / "generation_config.json"
    found = [json.loads(beside.read_text()).get("eos_token_id") if beside.exists() else None]
    found += [config.get("eos_token_id"), AutoTokenizer.from_pretrained(policy).eos_token_id]
    ends = [end for one in found for end in (one if isinstance(one, list) else [one])]
    return sorted({end for end in ends if end is not None})


def write_recipe(policies: Sequence[Path], weights: Sequence[float], base: Path, file: Path) -> None:
    """Writes the same merge for `mergekit-yaml`, which takes paths from where it is run: the root of the checkout."""
    models = [
        {"model": f"{base}+{policy}" if is_adapter(policy) else str(policy), "parameters": {"weight": weight}}
        for policy, weight in zip(policies, weights)
    ]
    recipe = {"merge_method": "linear", "models": models, "parameters": {"normalize": False}, "dtype": "float32"}
    stored = json.loads((base / "config.json").read_text()).get("dtype")
    recipe |= {"out_dtype": stored, "tokenizer_source": str(base)}
    cache = " --lora-merge-cache FOLDER" if is_adapter(policies[0]) else ""
    comment = f"# In the root of the checkout: mergekit-yaml PATH/TO/mergekit.yaml OUTPUT{cache}\n"
    file.write_text(comment + yaml.safe_dump(recipe, sort_keys=False))


def name_base(adapter: Path, name: str, revision: str | None) -> None:
    """Has an adapter name its base model as others find it. revision: a commit on the hub, or None."""
    config = json.loads((adapter / CONFIG).read_text())
    config |= {"base_model_name_or_path": name, "revision": revision}
    (adapter / CONFIG).write_text(json.dumps(config, indent=2) + "\n")
