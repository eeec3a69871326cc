"""Normal distributions of actions: log-probability, KL and products, all in closed form.

One is a mean, (…, actions), and the logarithms of its standard deviations, (actions,) or (…, actions). Its actions are
clipped to the joints' range by the simulation; probability and KL are those before that.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)


class Gaussian(NamedTuple):
    """Independent normal distributions of the joints' actions."""

    mean: Tensor
    log_std: Tensor


def log_probability(of: Gaussian, actions: Tensor) -> Tensor:
    """log π(a), (…), of actions (…, actions)."""
    away = (actions - of.mean) * torch.exp(-of.log_std)
    return (-0.5 * away.square() - of.log_std - HALF_LOG_TAU).sum(-1)


def kl(of: Gaussian, to: Gaussian) -> Tensor:
    """KL(of ‖ to) in nats, (…): Σ log(σ₂/σ₁) + (σ₁² + (μ₁ − μ₂)²) / 2σ₂² − ½."""
    spread = torch.exp(2 * (of.log_std - to.log_std))
    away = ((of.mean - to.mean) * torch.exp(-to.log_std)).square()
    return (to.log_std - of.log_std + 0.5 * (spread + away - 1)).sum(-1)


def product(of: Sequence[Gaussian], weights: Sequence[float]) -> Gaussian:
    """The normal distribution ∝ Π πᵢ^wᵢ, with w on the simplex: what MOD (arXiv 2406.18853) is for such policies.

    Its precision is Σ wᵢ/σᵢ², its mean that of the μᵢ weighted by wᵢ/σᵢ².
    """
    precisions = [weight * torch.exp(-2 * one.log_std) for weight, one in zip(weights, of, strict=True)]
    total = sum(precisions)
    return Gaussian(sum(p * one.mean for p, one in zip(precisions, of)) / total, -0.5 * torch.log(total))
