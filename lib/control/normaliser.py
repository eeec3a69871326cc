"""How a robot's observations are normalised before its policy sees them.

The mean and variance are learned while θ_pre is trained, and frozen then. They are no weights: a soup of policies that
see differently would mix what they see. So they lie in a file beside the weights that merged models must have in common
(`lib.models.frozen`).
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lib.models.frozen import FROZEN

LIMIT = 10.0  # of a normalised number, as in CleanRL and in stable-baselines3
LEAST = 1e-8  # added to the variance


class Normaliser:
    """(o − mean) / √variance, of each number by itself. count: how many observations it has learned from."""

    def __init__(self, mean: NDArray, variance: NDArray, count: float = 0.0) -> None:
        self.mean, self.variance, self.count = np.asarray(mean, float), np.asarray(variance, float), count

    @classmethod
    def new(cls, observations: int) -> "Normaliser":
        """One that changes nothing yet."""
        return cls(np.zeros(observations), np.ones(observations))

    @classmethod
    def read(cls, policy: Path) -> "Normaliser":
        """That of a policy."""
        found = json.loads((policy / FROZEN).read_text())
        return cls(np.array(found["mean"]), np.array(found["variance"]))

    def write(self, policy: Path) -> None:
        """Beside the weights of a policy."""
        frozen = {"what": "normalises observations", "mean": self.mean.tolist(), "variance": self.variance.tolist()}
        (policy / FROZEN).write_text(json.dumps(frozen) + "\n")

    def __call__(self, observations: NDArray) -> NDArray[np.float32]:
        """Normalised, in float32."""
        scaled = (observations - self.mean) / np.sqrt(self.variance + LEAST)
        return np.clip(scaled, -LIMIT, LIMIT).astype(np.float32)

    def learn(self, observations: NDArray) -> None:
        """Takes more observations, (…, observations), into the mean and variance (Chan et al., 1979)."""
        rows = observations.reshape(-1, len(self.mean))
        more, total = len(rows), self.count + len(rows)
        away = rows.mean(0) - self.mean
        squares = self.variance * self.count + rows.var(0) * more + np.square(away) * self.count * more / total
        self.mean, self.variance, self.count = self.mean + away * more / total, squares / total, total
