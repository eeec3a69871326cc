"""95 % bootstrap intervals over seeds and prompts jointly."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEVEL = 0.95
SEED = 0  # of the bootstrap alone


def resampled_means(scores: Floats, resamples: int) -> Floats:
    """Means over seeds and prompts of `resamples` bootstrap samples.

    scores: (seeds, prompts, ...). Seeds and prompts are drawn independently, with replacement. All other axes share
    the draw: two policies are always compared on the same seeds and prompts. With one seed the means vary over prompts
    alone; with n seeds the variance between seeds is estimated too small, by the factor (n - 1)/n.
    Returns (resamples, ...). The random generator is local.
    """
    seeds, prompts, *rest = scores.shape
    generator = np.random.default_rng(SEED)
    seed_counts = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples)
    prompt_counts = generator.multinomial(prompts, np.full(prompts, 1 / prompts), size=resamples)
    by_prompt = np.tensordot(seed_counts / seeds, scores.reshape(seeds, prompts, -1), axes=1)
    means = np.einsum("rp,rpk->rk", prompt_counts / prompts, by_prompt)
    return means.reshape(resamples, *rest)


def ends_of(column: str) -> tuple[str, str]:
    """The names of a column's interval ends: `kl_low` and `kl_high` for `kl`, `low` and `high` for `value`."""
    stem = column.removesuffix("value") if column.endswith("value") else f"{column}_"
    return f"{stem}low", f"{stem}high"


def interval(replicates: Floats) -> tuple[Floats, Floats]:
    """The ends of the central 95 % of the replicates (percentile method), along the first axis."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail], axis=0)
    return low, high
