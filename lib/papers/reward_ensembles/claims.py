"""The claims of Scalable Ensembling (arXiv 2406.01013), from trainings, best-of-n, scores and held-out pairs."""

from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np
import pandas as pd

from lib.papers.reward_ensembles.names import Variant, variant_point
from lib.reward_models.best_of_n import kl
from lib.reward_models.proxies import MEMBERS, Ensemble
from lib.statistics.along_training import (
    SMOOTH,
    History,
    mean_reward_at_equal_kl,
    mean_start,
    over_seeds,
    smoothed,
    trajectory,
)
from lib.statistics.intervals import Floats
from lib.statistics.means import Means, differences, front_table, in_columns, over

CURVES = ["proxy", "gold", "kl"]
DIFFERENCES = {"gold": "gold reward", "kl": "KL to θ_sft"}


def training_curves(histories: Sequence[History]) -> Floats:
    """Proxy, gold reward and KL to θ_sft along training, each averaged over the records of SMOOTH steps.

    histories: one per seed. Returns (seeds, steps, 3).
    """
    return np.array([smoothed(pd.DataFrame(history), CURVES).to_numpy() for history in histories])


def after_the_peak(curves: Floats) -> Floats:
    """The change of proxy and gold reward from the step where gold is best to the end of training, (seeds, 2).

    For each seed that step is where the mean gold reward of the other seeds peaks. A seed's own peak is partly noise,
    so gold would seem to fall after it even where it does not. With one seed there is no other choice.
    """
    proxy_and_gold = curves[..., :2]
    seeds = len(curves)
    gains = []
    for seed in range(seeds):
        others = [other for other in range(seeds) if other != seed] or [seed]
        peak = proxy_and_gold[others, :, 1].mean(0).argmax()
        gains.append(proxy_and_gold[seed, -SMOOTH:].mean(0) - proxy_and_gold[seed, peak])
    return np.array(gains)


def training_table(trainings: Mapping[Variant, Sequence[History]], resamples: int) -> pd.DataFrame:
    """E-1: whether gold turns down while the proxy keeps rising. Intervals are over seeds alone."""
    rows = []
    for variant, histories in trainings.items():
        curves = training_curves(histories)
        mean = curves.mean(0)
        peak = int(mean[:, 1].argmax())
        gains = after_the_peak(curves)
        row = {"policy": variant.name, "gold is best at step": peak + 1, "KL there": round(float(mean[peak, 2]), 1)}
        row |= {
            "gold there": round(float(mean[peak, 1]), 3),
            "gold at the end": round(float(mean[-SMOOTH:, 1].mean()), 3),
        }
        for i, name in enumerate(("proxy_after", "gold_after")):
            row |= in_columns(name, over_seeds(gains[:, i], resamples))
        rows.append(row)
    return pd.DataFrame(rows)


def compared(variants: Sequence[Variant]) -> list[tuple[Variant, Variant]]:
    """The pairs of policies that are compared, at equal β and label noise.

    Each ensemble is compared with one model and with its own mean. By the same aggregate, K heads are compared with K
    models, and other heads with the standard three, which are trained with their encoder.
    """

    def is_standard(ensemble: Ensemble) -> bool:
        return ensemble.kind == "heads" and ensemble.members == MEMBERS and not ensemble.bootstrap

    def is_compared(first: Variant, second: Variant) -> bool:
        ours, theirs = first.ensemble, second.ensemble
        if first.beta != second.beta or ours.flipped != theirs.flipped:
            return False
        if theirs.kind == "single" or theirs == ours._replace(aggregate="mean"):
            return True
        if ours.kind == "single" or ours.aggregate != theirs.aggregate:
            return False
        if theirs.kind == "models":
            return "heads" in ours.kind and ours.members == theirs.members
        return "heads" in ours.kind and is_standard(theirs)

    return [(first, second) for first, second in permutations(variants, 2) if is_compared(first, second)]


def comparison_table(
    scores: Sequence[pd.DataFrame], trainings: Mapping[Variant, Sequence[History]], resamples: int
) -> pd.DataFrame:
    """E-2 and E-4: the first policy of each pair minus the second, on held-out prompts and at equal KL along training.

    scores: a table per seed. The interval of the reward at equal KL is over seeds alone.
    """
    means = Means.of(scores, list(DIFFERENCES), resamples)
    paths = {
        variant: [trajectory(history, {"gold": 1.0}) for history in histories]
        for variant, histories in trainings.items()
    }
    origin = mean_start([path for by_seed in paths.values() for path in by_seed])
    rows = []
    for first, second in compared(list(trainings)):
        comparisons = differences(means, variant_point(first), variant_point(second), DIFFERENCES)
        margins = [mean_reward_at_equal_kl(path, other, origin) for path, other in zip(paths[first], paths[second])]
        comparisons.append(("mean gold reward at equal KL", over_seeds(np.array(margins), resamples)))
        names = {"policy": first.name, "against": second.name}
        rows += [names | {"comparison": name} | value for name, value in comparisons]
    return pd.DataFrame(rows, columns=["policy", "against", "comparison", "value", "low", "high"])


def policy_table(scores: Sequence[pd.DataFrame], variants: Sequence[Variant], resamples: int) -> pd.DataFrame:
    """Each policy on held-out prompts: its gold reward minus that of θ_sft, `gold`, and its KL to θ_sft."""
    means = Means.of(scores, list(DIFFERENCES), resamples)
    [sft] = set(means.points) - {variant_point(variant) for variant in variants}
    gains = over(means, {variant_point(variant): sft for variant in variants}, list(DIFFERENCES))
    return front_table(gains).drop(columns="method").rename(columns={"mixture": "policy"})


def best_of_n_table(curves: Sequence[pd.DataFrame], rewards: Sequence[Ensemble], resamples: int) -> pd.DataFrame:
    """E-5: proxy and gold reward of the best of n, minus those of one sample, and gold minus that of one model's best.

    curves: a table per seed, with a row per reward, n and prompt. rewards: those of kind `single` are the one model
    that the others with the same label noise are compared with.
    """
    tables = [table.rename(columns={"reward": "method", "n": "mixture"}) for table in curves]
    means = Means.of(tables, ["proxy", "gold"], resamples)
    gains = over(means, {(reward, n): (reward, 1) for reward, n in means.points}, ["proxy", "gold"])
    table = front_table(gains).rename(columns={"method": "reward", "mixture": "n"})
    table.insert(2, "kl", table["n"].map(kl))
    single = {reward.flipped: reward.name for reward in rewards if reward.kind == "single"}
    others = [reward for reward in rewards if reward.kind != "single" and reward.flipped in single]
    one_model = {reward.name: single[reward.flipped] for reward in others}
    pairs = {(reward, n): (one_model[reward], n) for reward, n in means.points if reward in one_model}
    against = front_table(over(means, pairs, ["gold"]))
    against.columns = ["reward", "n", *(column.replace("gold", "over_one_model") for column in against.columns[2:])]
    return table.merge(against, how="left", on=["reward", "n"])
