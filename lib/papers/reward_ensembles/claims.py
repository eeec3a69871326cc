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
    """Proxy, gold reward and KL to θ_sft along training, each the mean of what is known of SMOOTH steps.

    histories: one per seed. Returns (seeds, steps, 3).
    """
    return np.array([smoothed(pd.DataFrame(history), CURVES).to_numpy() for history in histories])


def after_the_peak(curves: Floats) -> Floats:
    """What proxy and gold reward gain from the step where gold is best to the end of training, (seeds, 2).

    The step is, for each seed, where the mean gold reward of the other seeds is largest: the highest of a seed's own
    values would be high by chance, and gold would seem to fall after it where it does not. With one seed it is that.
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
    for of, histories in trainings.items():
        curves = training_curves(histories)
        mean = curves.mean(0)
        peak = int(mean[:, 1].argmax())
        gains = after_the_peak(curves)
        row = {"policy": of.name, "gold is best at step": peak + 1, "KL there": round(float(mean[peak, 2]), 1)}
        row |= {
            "gold there": round(float(mean[peak, 1]), 3),
            "gold at the end": round(float(mean[-SMOOTH:, 1].mean()), 3),
        }
        for i, name in enumerate(("proxy_after", "gold_after")):
            row |= in_columns(name, over_seeds(gains[:, i], resamples))
        rows.append(row)
    return pd.DataFrame(rows)


def compared(variants: Sequence[Variant]) -> list[tuple[Variant, Variant]]:
    """Which policies are compared: of equal β and share of wrong labels, each ensemble with one model and with its own
    mean, heads with as many models, and other heads with three that were trained jointly, by the same aggregate.
    """

    def is_standard(of: Ensemble) -> bool:
        return of.kind == "heads" and of.members == MEMBERS and not of.bootstrap

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

    scores: a table per seed. The interval of what is compared along training is over seeds alone.
    """
    means = Means.of(scores, list(DIFFERENCES), resamples)
    paths = {of: [trajectory(history, {"gold": 1.0}) for history in histories] for of, histories in trainings.items()}
    origin = mean_start([path for of_seeds in paths.values() for path in of_seeds])
    rows = []
    for first, second in compared(list(trainings)):
        found = differences(means, variant_point(first), variant_point(second), DIFFERENCES)
        margins = [mean_reward_at_equal_kl(path, other, origin) for path, other in zip(paths[first], paths[second])]
        found.append(("mean gold reward at equal KL", over_seeds(np.array(margins), resamples)))
        names = {"policy": first.name, "against": second.name}
        rows += [names | {"comparison": name} | value for name, value in found]
    return pd.DataFrame(rows, columns=["policy", "against", "comparison", "value", "low", "high"])


def policy_table(scores: Sequence[pd.DataFrame], variants: Sequence[Variant], resamples: int) -> pd.DataFrame:
    """What the gold reward has on held-out prompts over that of θ_sft, `gold`, and KL, of each policy."""
    means = Means.of(scores, list(DIFFERENCES), resamples)
    [sft] = set(means.points) - {variant_point(of) for of in variants}
    gains = over(means, {variant_point(of): sft for of in variants}, list(DIFFERENCES))
    return front_table(gains).drop(columns="method").rename(columns={"mixture": "policy"})


def best_of_n_table(curves: Sequence[pd.DataFrame], rewards: Sequence[Ensemble], resamples: int) -> pd.DataFrame:
    """E-5: what proxy and gold reward of the best of n have over those of one sample, and gold over the best by one
    model.

    curves: a table per seed, with a row per reward, n and prompt. rewards: one of a kind `single` for each share of
    wrong labels, which the others of that share are compared with where there is one.
    """
    tables = [table.rename(columns={"reward": "method", "n": "mixture"}) for table in curves]
    means = Means.of(tables, ["proxy", "gold"], resamples)
    gains = over(means, {(reward, n): (reward, 1) for reward, n in means.points}, ["proxy", "gold"])
    table = front_table(gains).rename(columns={"method": "reward", "mixture": "n"})
    table.insert(2, "kl", table["n"].map(kl))
    single = {of.flipped: of.name for of in rewards if of.kind == "single"}
    one_model = {of.name: single[of.flipped] for of in rewards if of.kind != "single" and of.flipped in single}
    pairs = {(reward, n): (one_model[reward], n) for reward, n in means.points if reward in one_model}
    against = front_table(over(means, pairs, ["gold"]))
    against.columns = ["reward", "n", *(column.replace("gold", "over_one_model") for column in against.columns[2:])]
    return table.merge(against, how="left", on=["reward", "n"])
