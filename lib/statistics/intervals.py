"""95 % intervals by the bootstrap, over seeds and over prompts at once."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEVEL = 0.95
SEED = 0  # of the bootstrap alone


def resampled_means(scores: Floats, resamples: int) -> Floats:
    """Means over seeds and prompts, of `resamples` bootstrap samples of both.

    scores: (seeds, prompts, ...). Seeds and prompts are drawn with replacement and independently
    of each other, and every quantity behind them is drawn together: two policies are always
    compared on the same seeds and prompts. With one seed the result varies over prompts alone, and
    with few the share of the seeds in it is too small, by (n - 1)/n of its variance.
    Returns (resamples, ...). The generator is this function's own.
    """
    seeds, prompts, *rest = scores.shape
    generator = np.random.default_rng(SEED)
    seed_counts = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples)
    prompt_counts = generator.multinomial(prompts, np.full(prompts, 1 / prompts), size=resamples)
    by_prompt = np.tensordot(seed_counts / seeds, scores.reshape(seeds, prompts, -1), axes=1)
    means = np.einsum("rp,rpk->rk", prompt_counts / prompts, by_prompt)
    return means.reshape(resamples, *rest)


def ends_of(column: str) -> tuple[str, str]:
    """The columns of a table that hold the ends of a column's interval: of `kl`, `kl_low` and `kl_high`; of `value`,
    `low` and `high`."""
    stem = column.removesuffix("value") if column.endswith("value") else f"{column}_"
    return f"{stem}low", f"{stem}high"


def interval(replicates: Floats) -> tuple[Floats, Floats]:
    """The ends of the central 95 % of the replicates (percentile method), along the first axis."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail], axis=0)
    return low, high
