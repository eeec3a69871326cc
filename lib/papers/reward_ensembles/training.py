"""Proxy and gold reward along training (E-1)."""

import numpy as np
import pandas as pd

from lib.papers.claims import NotTestable
from lib.papers.evidence import Evidence
from lib.papers.reward_ensembles.names import Variant
from lib.papers.reward_ensembles.policies import variants_in
from lib.statistics.along_training import SMOOTH, smoothed
from lib.statistics.intervals import Floats, Sample
from lib.statistics.scores import in_columns, summaries

CURVES = ["proxy", "gold", "kl"]
TENTHS = 10  # parts of a training
RECORDED = ["policy", "seed", "step", "kl", "kl_to_anchor", "proxy", "gold"]


def records(evidence: Evidence, variant: Variant) -> list[pd.DataFrame]:
    """What a policy's training recorded, a row for each step; for each seed."""
    table = evidence.tables["training"]
    return [steps for _, steps in table[table["policy"] == variant.name].sort_values("step").groupby("seed")]


def training_curves(evidence: Evidence, variant: Variant) -> Floats:
    """Proxy, gold reward and KL to θ_sft of a policy along training, as moving averages, (seeds, steps, 3)."""
    return np.array([smoothed(steps, CURVES).to_numpy() for steps in records(evidence, variant)])


def proxy_and_gold(evidence: Evidence, variant: Variant) -> Floats:
    """Proxy and gold reward of each step of a policy's training, (seeds, steps, 2)."""
    return np.array([steps[["proxy", "gold"]].to_numpy(dtype=float) for steps in records(evidence, variant)])


def at_the_end(evidence: Evidence, variant: Variant) -> Floats:
    """Mean proxy and gold reward over the last tenth of a policy's training, (seeds, 2)."""
    steps = proxy_and_gold(evidence, variant)
    return steps[:, -max(1, steps.shape[1] // TENTHS) :].mean(1)


def nearer_to_its_worst(gold: Floats) -> Floats:
    """How much nearer to its worst than to its best gold ends, over the second half of training, (seeds,).

    This is gold's loss from its best tenth of training to the last, minus its gain from its worst. The loss alone is
    above 0 for gold that only wanders, since a seed's best lies above its end; so is the gain, by as much.
    gold: of each step, (seeds, steps). Raises NotTestable for fewer than seven steps.
    """
    half = gold[:, gold.shape[1] // 2 :]
    parts = min(TENTHS // 2, half.shape[1] // 2)
    if parts < 2:
        raise NotTestable("trainings on proxies have fewer than seven steps")
    return loss_from_best(half, parts) - loss_from_best(-half, parts)


def loss_from_best(gold: Floats, parts: int) -> Floats:
    """What each seed loses from its best part of training to the last, (seeds,).

    A part is chosen on every other step and measured on the steps between, then the other way round, and the mean is
    taken. So completions that were lucky on its steps do not count. gold: of each step, (seeds, steps).
    """
    steps = np.array_split(np.arange(gold.shape[1]), parts)
    halves = [np.stack([gold[:, part[first::2]].mean(1) for part in steps], axis=1) for first in (0, 1)]
    losses = []
    for chosen_on, measured_on in (halves, halves[::-1]):
        best = chosen_on.argmax(1)
        losses.append(measured_on[np.arange(len(best)), best] - measured_on[:, -1])
    return np.mean(losses, axis=0)


def after_the_peak(curves: Floats) -> Floats:
    """The change of proxy and gold reward from the step where gold is best to the end of training, (seeds, 2).

    For each seed that step is where the mean gold reward of the other seeds peaks. A seed's own peak is partly noise,
    so gold would seem to fall after it even where it does not (`benchmarks/turning_down.py`). With one seed there is no
    other choice.
    """
    followed = curves[..., :2]
    seeds = len(curves)
    gains = []
    for seed in range(seeds):
        others = [other for other in range(seeds) if other != seed] or [seed]
        peak = followed[others, :, 1].mean(0).argmax()
        gains.append(followed[seed, -SMOOTH:].mean(0) - followed[seed, peak])
    return np.array(gains)


def training_table(evidence: Evidence) -> pd.DataFrame:
    """Of each policy: where gold is best on average, and what proxy and gold gain from there to the end, over seeds."""
    rows = []
    for variant in variants_in(evidence):
        curves = training_curves(evidence, variant)
        mean = curves.mean(0)
        peak = int(mean[:, 1].argmax())
        row = {"policy": variant.name, "gold is best at step": peak + 1, "KL there": round(float(mean[peak, 2]), 1)}
        row |= {
            "gold there": round(float(mean[peak, 1]), 3),
            "gold at the end": round(float(mean[-SMOOTH:, 1].mean()), 3),
        }
        for name, found in zip(("proxy_after", "gold_after"), summaries(Sample(after_the_peak(curves)))):
            row |= in_columns(name, found)
        rows.append(row)
    return pd.DataFrame(rows)
