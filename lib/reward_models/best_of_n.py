"""Best of n: of n samples the one that a proxy likes best; what the proxy and the gold reward say of it."""

import math

import numpy as np
from scipy.special import gammaln

from lib.statistics.intervals import Floats


def kl(n: int) -> float:
    """KL of the best of n to the policy that is sampled from: log n − (n − 1)/n, in nats (Coste et al., section 4)."""
    return math.log(n) - (n - 1) / n


def best_of_n(proxy: Floats, values: Floats, n: int) -> Floats:
    """The expected value of the sample that the proxy likes best of n, from N ≥ n samples, without bias.

    With the samples in the proxy's order, Σᵢ C(i − 1, n − 1) / C(N, n) · valueᵢ: the share of all choices of n of the N
    in which sample i is the best (Coste et al., section 4). proxy, values: (..., N), the proxy's own scores, or those
    of the gold reward, of the same samples in the same order. Returns (...).
    """
    samples = proxy.shape[-1]
    if not 1 <= n <= samples:
        raise ValueError(f"the best of {n} cannot be told from {samples} samples")
    order = np.argsort(proxy, axis=-1, kind="stable")
    rank = np.arange(n, samples + 1)  # of a sample that can be the best of n, from 1
    share = np.exp(_log_choose(rank - 1, n - 1) - _log_choose(samples, n))
    return np.take_along_axis(values, order, axis=-1)[..., n - 1 :] @ share


def _log_choose(total: Floats | int, chosen: int) -> Floats:
    return gammaln(np.asarray(total) + 1) - gammaln(chosen + 1) - gammaln(np.asarray(total) - chosen + 1)
