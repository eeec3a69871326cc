"""Score points by episodes from fixed starts: rewards and KL to θ_pre.

A point is a combination of the given policies, in weight space (a merge of `lib.merging`, of policies that started from
θ_pre) or of their distributions of actions (MOD, arXiv 2406.18853: the normal distribution ∝ Π πᵢ^wᵢ). Nothing merged
is written to disk.
"""

import csv
from functools import cache
from pathlib import Path

import pandas as pd

from lib.control.environment import Robots
from lib.control.episodes import Act
from lib.control.gaussians import product
from lib.control.network import Policy, read_policy, weights_of
from lib.control.normaliser import Normaliser
from lib.control.rewards import weights_of_rewards
from lib.control.scoring import score, starts_of
from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.merging import merge_named
from lib.models.frozen import require_same_frozen

LOGITS = "logits"  # the merge's name in points, whatever the policies are


def evaluate(
    policies: list[Path],
    sft: Path,
    scores: Output,
    *,
    points: list[dict],
    reward: dict[str, dict],
    split: str,
    episode: int,
    episodes: int,
    seed: int,
) -> None:
    """points: each has `method` and `mixture`, its name; `weights`, one per policy; `merge`, the name of the merge, or
    "logits". episode: its steps of the simulation; episodes: so many starts. split: of the starts.
    """
    require_same_frozen([sft, *policies])
    start = read_policy(sft)
    robots, read = Robots(start.config["environment"], episodes), cache(read_policy)
    normaliser, starts, rewards = Normaliser.read(sft), starts_of(split, episodes), weights_of_rewards(reward)

    def act_of(merge: str, present: dict[Path, float]) -> Act:
        weights, paths = list(present.values()), list(present)
        if merge == LOGITS:
            mixed = [read(path) for path in paths]
            return lambda seen: product([policy(seen) for policy in mixed], weights)
        by, merged = merge_named(merge), Policy(start.config)
        models = [weights_of(read(path)) for path in by.models(sft, paths)]
        merged.load_state_dict(by.step([models], weights)(models))
        return merged

    scored: dict[tuple, pd.DataFrame] = {}
    tables = []
    for point in points:
        present = {path: weight for path, weight in zip(policies, point["weights"], strict=True) if weight}
        what = point["merge"], *present.items()
        if what not in scored:
            scored[what] = score(
                act_of(point["merge"], present),
                start,
                robots=robots,
                normaliser=normaliser,
                starts=starts,
                episode=episode,
                rewards=rewards,
                seed=seed,
            )
        name = {key: point[key] for key in ("method", "mixture")}
        tables.append(scored[what].assign(**name, kl_estimator="closed form"))
        means = "  ".join(f"{column} {tables[-1][column].mean():.1f}" for column in [*reward, "kl"])
        print(f"{name['method']} {name['mixture']}  {means}")
    pd.concat(tables).to_csv(scores, index=False, quoting=csv.QUOTE_NONNUMERIC)


if __name__ == "__main__":
    run(evaluate)
