"""The front that is served: the experts of an experiment, how they were sampled, and the scores of its points."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib.machine.compute import Compute
from lib.models.lora_on_disk import is_adapter
from lib.reward_models.mixtures import mixture_weights

TOLERANCE = 1e-6  # of the sum of λ


@dataclass(frozen=True)
class Front:
    """experts: the directory of each policy, by its reward. max_tokens, temperature: as the policies were trained.

    system: the system message of conversations that have none. scored: a soup each, in the order of front.csv.
    """

    experiment: str
    experts: dict[str, Path]
    compute: Compute
    max_tokens: int
    temperature: float
    system: str | None = None
    scored: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, params: Mapping[str, Any], seed: int) -> "Front":
        """The front of an experiment that has run. params: its parameters.

        Raises ValueError if its experts are not there or are not LoRA policies.
        """
        results = Path("results", params["experiment"])
        experts = experts_of(results, list(params["rewards"]), seed)
        return cls(
            params["experiment"],
            experts,
            Compute.of(params["compute"]),
            params["policy"]["max_new_tokens"],
            params["policy"]["temperature"],
            (params["data"].get("chat") or {}).get("system"),
            scored_soups(results / "rewarded_soups/front.csv", list(experts)),
        )

    @property
    def rewards(self) -> list[str]:
        """The rewards that λ is over."""
        return list(self.experts)

    def coefficients(self, weights: Mapping[str, float]) -> list[float]:
        """λ in the order of the rewards. Raises ValueError if it is not one of this front."""
        known = ", ".join(self.rewards)
        for name, weight in weights.items():
            if name not in self.experts:
                raise ValueError(f"{name!r} is not one of the rewards ({known})")
            if not weight >= 0:  # NaN is refused as well
                raise ValueError(f"the weight of {name} is {weight}; a weight is at least 0")
        total = sum(weights.values())
        if not round(abs(total - 1), 9) <= TOLERANCE:
            raise ValueError(f"the weights sum to {total:.9g}, not to 1; the rewards are {known}")
        return [weights.get(name, 0.0) for name in self.rewards]


def experts_of(results: Path, rewards: Sequence[str], seed: int) -> dict[str, Path]:
    """The policies of one seed by reward, of the rewards that have one."""
    of_rewards = {name: results / f"policy/{name}/seed-{seed}" for name in rewards}
    experts = {name: path for name, path in of_rewards.items() if path.exists()}
    if not experts:
        folders = [path for name in rewards for path in results.glob(f"policy/{name}/seed-*") if path.is_dir()]
        seeds = ", ".join(sorted({path.name.removeprefix("seed-") for path in folders}))
        way_out = f"give SEED={seeds}" if seeds else "run the experiment first"
        raise ValueError(f"rewards: there is no {next(iter(of_rewards.values()))}, nor of another reward; {way_out}")
    for path in experts.values():
        if not is_adapter(path):
            raise ValueError(
                f"lora: {path} has all weights, and only LoRA policies can be served; "
                "`make export` makes a model of any point, which other servers load"
            )
    return experts


def scored_soups(front: Path, rewards: Sequence[str]) -> list[dict[str, Any]]:
    """The soups of these rewards in a table of the front; none if it is not there.

    Each has `model`, its name, `weights`, and means over seeds: `rewards`, `gold`, and `kl` (nats per completion).
    """
    if not front.exists():
        return []
    with front.open(newline="") as file:
        soups = [row for row in csv.DictReader(file) if row["method"] == "soup"]
    return [
        {
            "model": row["mixture"],
            "weights": weights,
            "rewards": {name: float(row[name]) for name in rewards},
            "gold": float(row["gold"]),
            "kl": float(row["kl"]),
        }
        for row in soups
        for weights in [mixture_weights(row["mixture"])]
        if weights.keys() <= set(rewards)
    ]
