"""Variety: how many kinds of interaction there were, and how evenly."""

from math import log

import numpy as np
import numpy.typing as npt
from numba import njit

from features.engagement.view import Counts, View
from features.windows import Few, Floats, Ints

FEW = 64


def variety(view: View, days: int | None) -> Few:
    """Number of different kinds in the window (kinds outside the vocabulary count as one)."""
    return _some(view.counts("kind", days))


@njit(cache=True, nogil=True)
def _some(counts: Counts) -> Few:
    """How many of the codes (rows) have an event in the window of each snapshot (columns)."""
    result = np.zeros(counts.shape[1], np.int32)
    for k in range(counts.shape[0]):
        for i in range(counts.shape[1]):
            result[i] += counts[k, i] > 0
    return result


def different(view: View, member: npt.NDArray[np.signedinteger], n: int, days: int | None) -> Few:
    """Number of different members (one code of n per event, −1 for none) with an event in the window."""
    span = view.span(days)
    return _different(view.owner, span.first, span.stop, member, n)


@njit(cache=True, nogil=True)
def _different(owner: Ints, first: Few, stop: Few, member: npt.NDArray[np.signedinteger], n: int) -> Few:
    """A window slides over each owner's events and keeps how many events each member has in it."""
    result, inside = np.empty(len(owner), np.int32), np.zeros(n, np.int32)
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
    """Most windows hold few events: p·ln p is looked up for these, code by code; the others are worked out."""
    result, total = np.zeros(counts.shape[1]), np.zeros(counts.shape[1], np.int32)
    for k in range(counts.shape[0]):
        for i in range(counts.shape[1]):
            total[i] += counts[k, i]
    known = _surprises(total)
    for k in range(counts.shape[0]):
        for i in range(counts.shape[1]):
            row = np.uint32(total[i] if total[i] < FEW else 0)
            result[i] -= known[row, np.uint32(counts[k, i] if row else 0)]
    for i in range(counts.shape[1]):
        if total[i] >= FEW:
            for k in range(counts.shape[0]):
                result[i] -= _surprise(counts[k, i], total[i])
    return result


@njit(cache=True, nogil=True)
def _surprises(total: Counts) -> Floats:
    """p·ln p of so many (columns) of so many events (rows), for the numbers of events that occur."""
    known, done = np.zeros((FEW, FEW)), np.zeros(FEW, np.bool_)
    for i in range(len(total)):
        if total[i] < FEW and not done[total[i]]:
            done[total[i]] = True
            for some in range(total[i]):
                known[total[i], some] = _surprise(some, total[i])
    return known


@njit(cache=True, nogil=True)
def _surprise(some: int, total: int) -> float:
    """p·ln p of the share p = some / total."""
    share = some / total
    return share * log(share) if 0 < some < total else 0.0
