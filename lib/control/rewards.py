"""Rewards of a simulation: weighted sums of what it gives at each step (`lib.reward_models.kinds.simulated`)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lib.control.environment import Floats
from lib.reward_models.kinds.simulated import QUANTITIES


def weights_of_rewards(sources: Mapping[str, Mapping[str, Any]]) -> dict[str, Floats]:
    """By reward, what each of `QUANTITIES` weighs in it, (2,)."""
    return {
        name: np.array([float(source["simulated"].get(quantity, 0)) for quantity in QUANTITIES])
        for name, source in sources.items()
    }
