"""The front door of merges: the equations of the four papers, and the table of all merges by name.

A policy is a dictionary of named tensors; θ_start is where the policies started, δᵢ = θᵢ − θ_start are their task
vectors, and λ, one number per policy, is on the simplex. Merges on disk (`lib.models.merges_on_disk`), of LoRA policies
and in scoring (`lib.evaluation`) all go by this table.
"""

import importlib

from lib.merges.dare import dare
from lib.merges.kinds import GeometricMerge, LinearMerge, Merge, TensorMerge
from lib.merges.linear import ema, linear_soup, liti, liti_coefficients
from lib.merges.model_stock import model_stock
from lib.merges.slerp import equal_weights, simplex_coefficients, slerp
from lib.merges.task_vectors import Weights, task_vector
from lib.merges.ties import ties

__all__ = [
    "MERGES",
    "GeometricMerge",
    "LinearMerge",
    "Merge",
    "TensorMerge",
    "Weights",
    "ema",
    "equal_weights",
    "linear_soup",
    "liti",
    "merge_named",
    "slerp",
    "task_vector",
]

MERGES: dict[str, Merge] = {
    "linear": LinearMerge(
        formula="Σᵢ λᵢ θᵢ",
        source="Rewarded Soups, arXiv 2306.04488, section 2",
        function=list,
        from_start=False,
        keeps_ends=True,
    ),
    "affine": LinearMerge(
        formula="Σᵢ λᵢ θᵢ, where λ sums to 1 and may be negative",
        source="Bone Soups, arXiv 2502.10762; extrapolated soups, arXiv 2605.28751",
        function=list,
        from_start=False,
        keeps_ends=True,
        negative=True,
    ),
    "liti": LinearMerge(
        formula="(1 − η) θ_start + η Σᵢ λᵢ θᵢ with η = 0.3",
        source="WARP, arXiv 2406.16768",
        function=liti_coefficients,
    ),
    "slerp": GeometricMerge(
        formula="θ_start + sin((1−λ)Ω)/sin Ω · δ₁ + sin(λΩ)/sin Ω · δ₂, and so on with δ₃, with one Ω per layer",
        source="WARP, arXiv 2406.16768",
        unit="layer",
        function=simplex_coefficients,
        keeps_ends=True,
    ),
    "model_stock": GeometricMerge(
        formula="θ_start + t/N Σᵢ δᵢ with t = N cos Ω / (1 + (N − 1) cos Ω)",
        source="Model Stock, arXiv 2403.19522",
        unit="tensor",
        function=model_stock,
    ),
    "ties": TensorMerge(
        formula="θ_start + Σ λᵢ δᵢ / Σ λᵢ over those δᵢ, trimmed to the largest 20 %, that have the sign of Σᵢ λᵢ δᵢ",
        source="TIES-Merging, arXiv 2306.01708",
        unit="tensor",
        function=ties,
    ),
    "dare": TensorMerge(
        formula="θ_start + Σᵢ λᵢ mᵢ ⊙ δᵢ / (1 − p) with mᵢ = 0 with probability p = 0.9",
        source="DARE, arXiv 2311.03099",
        unit="tensor",  # whose random numbers are drawn at once
        function=dare,
    ),
}


def merge_named(name: str) -> Merge:
    """A merge of the table, or one of a module of its own, `module:merge`.

    Raises ValueError, listing the table, where there is no such merge.
    """
    if name in MERGES:
        return MERGES[name]
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute) if attribute else None
    except (ImportError, AttributeError) as error:
        raise ValueError(f"the merge {name} cannot be loaded: {error}") from error
    if not isinstance(found, Merge):
        raise ValueError(f"{name!r} is no merge: there are {', '.join(MERGES)}, and a module's own as module:merge")
    return found
