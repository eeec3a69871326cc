"""Sizes in the parameters that the data or the base's context are too small for."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

SIZES = [
    "policy.prompts_per_step",
    "policy.max_new_tokens",
    "sft.texts",
    "sft.batch_size",
    "reward_model.batch_size",
    "evaluation.prompts",
    "reward_ensembles.pairs",
    "reward_ensembles.held_out_pairs",
    "reward_ensembles.batch_size",
    "reward_ensembles.best_of_prompts",
]
BEYOND = "policies are judged on the domain that is left out, too"
VALIDATION = "some policies are chosen by their scores on validation prompts"
DISJOINT = "the SFT pair learns from different texts"


def needed(
    sizes: Mapping[str, int], labels: Mapping[str, Any], found: Mapping[str, Any], further: Collection[str]
) -> Iterator[tuple[str, int, str]]:
    """Keys of `SIZES`, each with how much there is and of what. The arguments are those of `misfits`."""
    train, validation, test = (found[split] for split in ("train", "validation", "test"))
    yield "policy.prompts_per_step", train["prompts"], "training prompts"
    yield (
        "sft.texts",
        train["with a completion"] // (2 if DISJOINT in further else 1),
        "training prompts with a completion" + (" for each of two models (sft.disjoint)" * (DISJOINT in further)),
    )
    yield "sft.batch_size", sizes["sft.texts"], "texts of sft.texts"
    for key, label in labels.items():
        counts = train["domains"] if isinstance(label, dict) else train["labelled"]
        count = sum(counts.get(name, 0) for name in label) if isinstance(label, dict) else counts.get(label, 0)
        yield "reward_model.batch_size", count, f"training texts with {key}"
    yield "evaluation.prompts", test["prompts"], "prompts of the test split"
    if VALIDATION in further:
        yield "evaluation.prompts", validation["prompts"], "prompts of the validation split"
    if "reward_ensembles.pairs" in sizes:
        yield "policy.prompts_per_step", validation["prompts"], "prompts of the validation split"
        yield "reward_ensembles.pairs", train["prompts"], "training prompts"
        yield "reward_ensembles.held_out_pairs", validation["prompts"], "prompts of the validation split"
        yield "reward_ensembles.batch_size", sizes["reward_ensembles.pairs"], "pairs of reward_ensembles.pairs"
        yield "reward_ensembles.best_of_prompts", test["prompts"], "prompts of the test split"


def sizes_of(experiment: Any, labelled: Iterable[str]) -> dict[str, Any]:
    """What is held against the data: the arguments of `misfits` but for `found`.

    experiment: `lib.graph.experiment.Experiment`. labelled: the rewards that learn from a human label.
    """
    value = experiment.value
    further = {
        BEYOND: experiment.has("salsa") and value("data.left_out") is not None,
        VALIDATION: experiment.has("rewarded_soups.rescaled"),
        DISJOINT: value("sft.disjoint"),
    }
    return {
        "sizes": {key: value(key) for key in SIZES if experiment.has(key)},
        "labels": {f"rewards.{name}.label": value(f"rewards.{name}.label") for name in labelled},
        "further": [name for name, is_so in further.items() if is_so],
    }


def require_fit(asked: Mapping[str, Any], lengths: Path) -> None:
    """Raises ValueError where sizes do not fit what `scripts.fits` wrote. asked: `sizes_of`."""
    if wrong := list(misfits(**asked, found=json.loads(lengths.read_text()))):
        raise ValueError("; ".join(wrong))


def misfits(
    sizes: Mapping[str, int], labels: Mapping[str, Any], found: Mapping[str, Any], further: Collection[str]
) -> Iterator[str]:
    """What is too large, each with its key.

    sizes: those of `SIZES` that the parameters have. labels: by key, what reward models learn from. found: what
    `scripts.fits` writes. further: which of BEYOND, VALIDATION and DISJOINT hold.
    """
    duplicates = found["duplicates removed"]
    removed = f" ({duplicates} duplicates were removed)" if duplicates else ""
    for key, count, what in needed(sizes, labels, found, further):
        if sizes[key] > count:
            yield f"{key}: there are {count} {what}{removed}, not {sizes[key]}"
    if BEYOND in further and not found["test"]["prompts left out"]:
        yield "data.left_out: there is no prompt of that domain in the test split"
    prompt, context, new = found["longest prompt"], found["context"], sizes["policy.max_new_tokens"]
    if context is not None and prompt + new > context:
        yield (
            f"policy.max_new_tokens: the longest prompt has {prompt} tokens; with {new} more it exceeds the model's "
            f"context of {context}: leave out long prompts (`longest` of data.rows) or take fewer new tokens"
        )
