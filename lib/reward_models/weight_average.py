"""WARM (arXiv 2401.12187): the weights of several reward models averaged into one."""

from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import PreTrainedModel

from lib.machine.compute import Compute
from lib.merges.linear import linear_soup
from lib.models.weights import set_weights, weights_of
from lib.reward_models.classifiers import read_classifier


def average(directories: Sequence[Path], compute: Compute) -> PreTrainedModel:
    """(1/K) Σₖ θₖ of K classifiers that were trained from one θ_pre, in float32, as full weights.

    Its scale is none of theirs: outputs have to be standardised anew (`lib.reward_models.pair_training.keep_scale`).
    Raises ValueError when the classifiers are not of one architecture.
    """
    models = [plain(read_classifier(directory, compute)) for directory in directories]
    merged = linear_soup([weights_of(model) for model in models], [1 / len(models)] * len(models))
    set_weights(models[0], merged)
    return models[0]


def plain(classifier: PreTrainedModel) -> PreTrainedModel:
    """The classifier in float32, with LoRA factors merged into its weights."""
    classifier = classifier.to(torch.float32)
    return classifier.merge_and_unload() if hasattr(classifier, "peft_config") else classifier
