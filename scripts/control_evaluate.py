"""Score points by episodes from fixed starts: rewards and KL to θ_pre.

A point is a combination of the given policies, in weight space (a merge of `lib.merging`, of policies that started from
θ_pre) or of their distributions of actions (MOD, arXiv 2406.18853: the normal distribution ∝ Π πᵢ^wᵢ). Nothing merged
is written to disk.
"""

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
from lib.evaluation.points import LOGITS, Point, as_point, rows_of, write_scores
from lib.jobs.arguments import Output
from lib.jobs.command_line import run
from lib.merging import merge_named
from lib.models.frozen import require_same_frozen


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

    def act_of(point: Point) -> Act:
        present = point.present(policies)
        weights, paths = list(present.values()), list(present)
        if point.merge == LOGITS:
            mixed = [read(path) for path in paths]
            return lambda seen: product([policy(seen) for policy in mixed], weights)
        by, merged = merge_named(point.merge), Policy(start.config)
        models = [weights_of(read(path)) for path in by.models(sft, paths)]
        merged.load_state_dict(by.step([models], weights)(models))
        return merged

    wanted = dict.fromkeys(as_point(**point) for point in points)
    scored: dict[Point, pd.DataFrame] = {}
    for point in wanted:
        scored[point] = score(
            act_of(point),
            start,
            robots=robots,
            normaliser=normaliser,
            starts=starts,
            episode=episode,
            rewards=rewards,
            seed=seed,
        )
        print(f"{len(scored)}/{len(wanted)} combinations scored")
    write_scores(rows_of(points, scored, [*reward, "kl"], "closed form"), scores)


if __name__ == "__main__":
    run(evaluate)
