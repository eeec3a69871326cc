"""Reward ensembles: K classifiers, or K heads on one encoder, whose outputs are aggregated into one reward.

Scalable Ensembling, arXiv 2406.01013; the aggregates are those of Coste et al., arXiv 2310.02743, section 3.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoTokenizer

from lib.machine.compute import CPU, Compute
from lib.reward_models.classifiers import read_classifier


def mean(rewards: Tensor) -> Tensor:
    """(1/K) Σₖ rₖ. rewards: (texts, K); returns (texts,)."""
    return rewards.mean(-1)


def worst_case(rewards: Tensor) -> Tensor:
    """minₖ rₖ. rewards: (texts, K); returns (texts,)."""
    return rewards.amin(-1)


def uncertainty_weighted(rewards: Tensor, coefficient: float) -> Tensor:
    """mean − c·variance, with the variance (1/K) Σₖ (rₖ − mean)². rewards: (texts, K); returns (texts,)."""
    return rewards.mean(-1) - coefficient * rewards.var(-1, correction=0)


def soft_min(rewards: Tensor, tau: float) -> Tensor:
    """−τ log (1/K) Σₖ exp(−rₖ/τ): the mean for a large τ, minₖ rₖ for a small one (arXiv 2606.09073).

    rewards: (texts, K); returns (texts,).
    """
    return tau * (math.log(rewards.shape[-1]) - torch.logsumexp(-rewards / tau, -1))


def aggregated(rewards: Tensor, aggregate: str, coefficient: float) -> Tensor:
    """An aggregate by name. coefficient: c of `uncertainty_weighted`, τ of `soft_min`; others have none."""
    if aggregate == "uncertainty_weighted":
        return uncertainty_weighted(rewards, coefficient)
    if aggregate == "soft_min":
        return soft_min(rewards, coefficient)
    by_name: dict[str, Callable[[Tensor], Tensor]] = {"mean": mean, "worst_case": worst_case}
    return by_name[aggregate](rewards)


class TrainedClassifier:
    """A sequence classifier with one output per head.

    The outputs of a proxy are standardised over samples of the SFT model. Otherwise heads could not be compared:
    Bradley–Terry does not determine a head's offset nor, with label noise, its scale.
    """

    def __init__(self, directory: Path, compute: Compute = CPU) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(directory)
        self.model = read_classifier(directory, compute)
        self.heads: int = self.model.config.num_labels
        self.mean = torch.tensor(getattr(self.model.config, "reward_mean", [0.0] * self.heads))
        self.std = torch.tensor(getattr(self.model.config, "reward_std", [1.0] * self.heads))

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """(texts, heads)."""
        return (outputs(self.model, self.tokenizer, texts) - self.mean) / self.std


@torch.no_grad()
def outputs(model, tokenizer, texts: Sequence[str], batch: int = 64) -> Tensor:
    """The outputs of a classifier's heads, (texts, heads). Texts of similar length share a batch."""
    scores = torch.empty(len(texts), model.config.num_labels)
    order = sorted(range(len(texts)), key=lambda i: (len(texts[i]), i))
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        inputs = tokenizer([texts[i] for i in chosen], padding=True, return_tensors="pt").to(model.device)
        logits = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
        scores[chosen] = logits.float().cpu()
    return scores


class RewardEnsemble:
    """A reward whose members are the heads of its classifiers: one classifier with K heads, or K with one head.

    A single reward model is an ensemble with one member. A classifier reads prompt + completion as one text.
    """

    def __init__(self, directories: Sequence[Path], aggregate: str, coefficient: float, compute: Compute = CPU) -> None:
        self.classifiers = [TrainedClassifier(directory, compute) for directory in directories]
        self.aggregate, self.coefficient = aggregate, coefficient

    def __call__(self, prompts: Sequence[str], completions: Sequence[str]) -> list[float]:
        """One score per completion."""
        texts = [prompt + completion for prompt, completion in zip(prompts, completions)]
        return aggregated(self.members(texts), self.aggregate, self.coefficient).tolist()

    def members(self, texts: Sequence[str]) -> Tensor:
        """The reward of each text by each member, (texts, K)."""
        return torch.cat([classifier(texts) for classifier in self.classifiers], dim=1)
