"""Variety: how many kinds of interaction there were, and how evenly."""

from math import log

import numpy as np
from numba import njit

from features.engagement.view import Counts, View
from features.windows import Floats


def variety(view: View, days: int | None) -> Floats:
    """Number of different kinds in the window (kinds outside the vocabulary count as one)."""
    return np.count_nonzero(view.counts("kind", days), axis=0).astype(np.float64)


def entropy(view: View, days: int | None) -> Floats:
    """Shannon entropy of the kinds in the window, −Σ p·ln p in nats, summed in the order of the vocabulary."""
    return _entropy(view.counts("kind", days))


@njit(cache=True, nogil=True)
def _entropy(counts: Counts) -> Floats:
    result = np.zeros(counts.shape[1])
    for i in range(counts.shape[1]):
        total = 0
        for k in range(counts.shape[0]):
            total += counts[k, i]
        for k in range(counts.shape[0]):
            if 0 < counts[k, i] < total:
                share = counts[k, i] / total
                result[i] -= share * log(share)
    return result
