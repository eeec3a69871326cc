"""How a proxy judges held-out pairs and texts that people have rated."""

from pathlib import Path

import pandas as pd
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from lib.data.human_labels import Label, labelled
from lib.reward_models.agreement import measure_for
from lib.reward_models.cost import cost_of
from lib.reward_models.ensembles import outputs
from lib.reward_models.pair_training import keep_scale
from lib.reward_models.pairs import first_preferred

Findings = dict[str, list[float]]


def judged(
    classifier: PreTrainedModel,
    tokens: PreTrainedTokenizerFast,
    pairs: pd.DataFrame,
    snippets: Path,
    label: Label | None,
    flipped: float,
) -> tuple[pd.DataFrame, Findings]:
    """A row for each pair, with `label` (whether the first is better, with label noise) and each head's `margin_k`, not
    standardised; and each head's accuracy by gold and agreement with people, and what the model costs.

    Keeps the scale of the outputs.

    pairs: of the validation split. label: the human label that the gold reward was fitted on, or None if it was not.
    """
    first, second = (outputs(classifier, tokens, list(pairs[place])) for place in ("first", "second"))
    keep_scale(classifier, torch.cat([first, second]), "reward_ensembles")
    margins = pd.DataFrame((first - second).numpy(), columns=[f"margin_{k}" for k in range(first.shape[1])])
    findings = {"accuracy by gold": (margins > 0).eq(first_preferred(pairs, 0), axis=0).mean().tolist()}
    if label is not None:
        rated = labelled(snippets, "validation", label)
        ratings = rated["label"].to_numpy(dtype=float)
        scores_by_head = outputs(classifier, tokens, list(rated["text"])).numpy().T
        findings |= {"agreement with people": [measure_for(ratings)(scores, ratings) for scores in scores_by_head]}
    return margins.assign(label=first_preferred(pairs, flipped)), findings | cost_of(classifier)


def pairs_of(preferences: Path, split: str) -> pd.DataFrame:
    """The pairs of one split: texts `first` and `second`, and what prefers which."""
    pairs = pd.read_json(preferences, lines=True, dtype={"first": str, "second": str})
    return pairs[pairs["split"] == split].reset_index(drop=True)
