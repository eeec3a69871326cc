"""The claims of SALSA (arXiv 2411.01798), computed from scores and training histories.

Policies are compared pair by pair, at equal β and steps, and at equal KL to θ_sft1.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lib.papers.salsa.names import Pair, Variant, segment_point, variant_point
from lib.statistics.along_training import Trajectory, mean_start, over_seeds, reward_at_equal_kl
from lib.statistics.intervals import Floats, resampled_means
from lib.statistics.means import Means, PointName, differences, over_chord, summary

DIFFERENCES = {"reward": "reward", "gold": "gold reward", "kl": "KL to θ_sft1"}


def wins(first: Floats, second: Floats) -> Floats:
    """1 where the first is better, 0 where the second is, ½ where they are equal."""
    return (first > second) + 0.5 * (first == second)


def win_rate(scores: Sequence[pd.DataFrame], first: PointName, second: PointName, resamples: int) -> Floats:
    """The share of prompts on which the gold reward prefers the first policy's completion, (1 + resamples,).

    scores: a table per seed. Seeds and prompts are resampled (`lib.statistics.intervals`).
    """
    gold = [
        [table.set_index(["method", "mixture", "prompt"])["gold"].loc[point].sort_index() for table in scores]
        for point in (first, second)
    ]
    won = wins(*np.array(gold))
    return np.concatenate([[won.mean()], resampled_means(won, resamples)])


def comparison_table(
    scores: Mapping[str, Sequence[pd.DataFrame]],
    trainings: Mapping[Variant, Sequence[Trajectory]],
    pairs: Sequence[Pair],
    resamples: int,
) -> pd.DataFrame:
    """S-1 to S-4: the first policy of each pair minus the second, and the first one's win rate by gold.

    scores: by the prompts' domains, a table per seed. trainings: by policy, a trajectory per seed. The intervals of
    the reward at equal KL are over seeds alone.
    """
    means = {domains: Means.of(tables, list(DIFFERENCES), resamples) for domains, tables in scores.items()}
    from_sft = [path for variant, paths in trainings.items() if variant.start == "sft" for path in paths]
    origin = mean_start(from_sft or [path for paths in trainings.values() for path in paths])
    rows = []
    for first, second in pairs:
        points = [variant_point(first), variant_point(second)]
        comparisons = []
        for domains, tables in scores.items():
            comparisons += [(domains, *row) for row in differences(means[domains], *points, DIFFERENCES)]
            comparisons.append((domains, "win rate", summary(win_rate(tables, *points, resamples))))
        both = zip(trainings[first], trainings[second], strict=True)
        margins = np.array([reward_at_equal_kl(path, other, origin) for path, other in both])
        comparisons.append(("of training", "best reward at equal KL", over_seeds(margins, resamples)))
        names = {"policy": first.name, "against": second.name}
        rows += [names | {"prompts": domains, "comparison": name} | value for domains, name, value in comparisons]
    return pd.DataFrame(rows)


def soup_table(means: Means, columns: Sequence[str]) -> pd.DataFrame:
    """S-5: the soup of the two SFT models minus each of them, and minus the better one."""
    soup, first, second = (means.at([("sft", name)], columns)[:, 0] for name in ("sft/soup", "sft/1", "sft/2"))
    others = {"θ_sft1": first, "θ_sft2": second, "the better one": np.maximum(first, second)}
    return pd.DataFrame(
        {"reward": column, "soup minus": name} | summary((soup - other)[:, i])
        for i, column in enumerate(columns)
        for name, other in others.items()
    )


def segment_table(means: Means, columns: Sequence[str], divisions: int) -> pd.DataFrame:
    """S-5: reward of the soups α θ_sft1 + (1 − α) θ_sft2 above the chord between the two, for each inner α."""
    inner = {i / divisions: segment_point(i / divisions) for i in range(1, divisions)}
    table = over_chord(means, inner, [segment_point(1), segment_point(0)], columns)
    return table.rename(columns={"weight": "alpha"})
