"""Names of what else the policies of Rewarded Soups give, in scores and tables.

A point's method is `bone`, `extrapolated`, `rescaled` or the name of a merge; its name is the mixture of the soup that
it stands beside, or λ where it is outside of 0 to 1.
"""

from collections.abc import Sequence

from lib.reward_models.mixtures import mixture_weights

RESCALED = "rescaled"


def extrapolated_name(weight: float) -> str:
    """The name of an extrapolated soup. weight: λ of the first expert."""
    return f"λ={weight:g}"


def candidate_name(name: str, factor: float) -> str:
    """The name of a rescaled soup as it is scored."""
    return f"{name} s={factor:g}"


def weights_of(method: str, name: str, rewards: Sequence[str]) -> dict[str, float]:
    """What a point mixes of the rewards, by its name; nothing for the SFT models. rewards: of the front's axes."""
    if method == "sft":
        return {}
    if name.startswith("λ="):
        first = float(name.removeprefix("λ="))
        return dict(zip(rewards, (first, 1 - first)))
    return mixture_weights(name)
