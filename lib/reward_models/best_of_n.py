"""Best of n: the sample that a proxy scores highest among n, and its expected proxy and gold reward."""

import math

import numpy as np
from scipy.special import gammaln

from lib.statistics.intervals import Floats


def kl(n: int) -> float:
    """KL of best of n to the sampled policy: log n − (n − 1)/n, in nats (Coste et al., section 4)."""
    return math.log(n) - (n - 1) / n


def best_of_n(proxy: Floats, values: Floats, n: int) -> Floats:
    """An unbiased estimate, from N ≥ n samples, of the value of the sample with the highest proxy score among n.

    With the samples sorted by the proxy: Σᵢ C(i − 1, n − 1) / C(N, n) · valueᵢ, the fraction of all n-subsets in which
    sample i is the best times its value (Coste et al., section 4).
    proxy, values: (..., N), of the same samples in the same order; values are scores of the proxy or the gold reward.
    Returns (...). Raises ValueError unless 1 ≤ n ≤ N.
    """
    samples = proxy.shape[-1]
    if not 1 <= n <= samples:
        raise ValueError(f"the best of {n} cannot be estimated from {samples} samples")
    order = np.argsort(proxy, axis=-1, kind="stable")
    rank = np.arange(n, samples + 1)  # by the proxy, from 1; a lower one is never the best of n
    probability = np.exp(_log_choose(rank - 1, n - 1) - _log_choose(samples, n))
    return np.take_along_axis(values, order, axis=-1)[..., n - 1 :] @ probability


def _log_choose(total: Floats | int, chosen: int) -> Floats:
    return gammaln(np.asarray(total) + 1) - gammaln(chosen + 1) - gammaln(np.asarray(total) - chosen + 1)
