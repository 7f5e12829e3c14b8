"""Variety: how many kinds of interaction there were, and how evenly."""

from math import log

import numpy as np
import numpy.typing as npt
from numba import njit

from features.engagement.view import Counts, View
from features.windows import Floats, Ints


def variety(view: View, days: int | None) -> Floats:
    """Number of different kinds in the window (kinds outside the vocabulary count as one)."""
    return different(view, view.kind, view.n_kinds + 1, days)


def different(view: View, member: npt.NDArray[np.signedinteger], n: int, days: int | None) -> Floats:
    """Number of different members (one code of n per event, −1 for none) with an event in the window."""
    span = view.span(days)
    return _different(view.owner, span.first, span.stop, member, n)


@njit(cache=True, nogil=True)
def _different(owner: Ints, first: Ints, stop: Ints, member: npt.NDArray[np.signedinteger], n: int) -> Floats:
    """A window slides over each owner's events and keeps how many events each member has in it."""
    result = np.empty(len(owner))
    inside = np.zeros(n, np.int64)
    different = low = high = 0
    for i in range(len(owner)):
        if i == 0 or owner[i] != owner[i - 1]:
            for j in range(low, high):
                if member[j] >= 0:
                    inside[member[j]] = 0
            different, low, high = 0, first[i], first[i]
        while high < stop[i]:
            if member[high] >= 0:
                different += inside[member[high]] == 0
                inside[member[high]] += 1
            high += 1
        while low < first[i]:
            if member[low] >= 0:
                inside[member[low]] -= 1
                different -= inside[member[low]] == 0
            low += 1
        result[i] = different
    return result


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
