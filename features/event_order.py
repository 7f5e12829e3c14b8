"""The total order of events: by owner, time, and every further column, however the rows came."""

from collections.abc import Callable, Sequence

import numpy as np
from numba import njit

from features.windows import Bools, Ints, starts


def total_order(owner: Ints, time: Ints, n: int, ties: Callable[[Ints], Sequence[Ints]]) -> Ints:
    """Positions of the events sorted by (owner, time, ties…), owners being 0…n − 1.

    Linear where each owner's events come in order; only events of one owner at one time pay for the long key, which
    `ties` gives for some positions: the columns that follow owner and time, the most important first.
    """
    order = by_owner_and_time(owner, time, n)
    tied = np.flatnonzero(_tied(owner, time, order))
    if len(tied):
        rows = order[tied]
        order[tied] = rows[np.lexsort([*reversed(list(ties(rows))), time[rows], owner[rows]])]
    return order


def by_owner_and_time(owner: Ints, time: Ints, n: int) -> Ints:
    """Positions sorted by (owner, time), owners being 0…n − 1; equal ones stay as they came."""
    return _by_owner_and_time(owner, time, starts(owner, n))


@njit(cache=True, nogil=True)
def _by_owner_and_time(owner: Ints, time: Ints, start: Ints) -> Ints:
    """A counting sort by owner, then a merge of the stretches of each owner's events that come in order."""
    order, merged, ends = np.empty(len(owner), np.int64), np.empty(len(owner), np.int64), np.empty(len(owner), np.int64)
    free = start[:-1].copy()
    for i in range(len(owner)):
        order[free[owner[i]]] = i
        free[owner[i]] += 1
    for o in range(len(start) - 1):
        runs = _runs(time, order, start[o], start[o + 1], ends)
        while runs > 1:
            runs = _merge_pairs(time, order, merged, start[o], ends[:runs])
            order[start[o] : start[o + 1]] = merged[start[o] : start[o + 1]]
    return order


@njit(cache=True, nogil=True)
def _runs(time: Ints, order: Ints, first: int, stop: int, ends: Ints) -> int:
    """Number of the stretches in which times do not fall; where each ends goes to `ends`."""
    runs = 0
    for i in range(first + 1, stop + 1):
        if i == stop or time[order[i]] < time[order[i - 1]]:
            ends[runs] = i
            runs += 1
    return runs


@njit(cache=True, nogil=True)
def _merge_pairs(time: Ints, order: Ints, merged: Ints, first: int, ends: Ints) -> int:
    """Merge every two stretches that follow each other; how many are left."""
    left = 0
    for pair in range(0, len(ends), 2):
        a, middle, stop = first, ends[pair], ends[min(pair + 1, len(ends) - 1)]
        b = middle
        for i in range(first, stop):
            if a < middle and (b == stop or time[order[a]] <= time[order[b]]):
                merged[i] = order[a]
                a += 1
            else:
                merged[i] = order[b]
                b += 1
        first = ends[left] = stop
        left += 1
    return left


@njit(cache=True, nogil=True)
def _tied(owner: Ints, time: Ints, order: Ints) -> Bools:
    tied = np.zeros(len(order), np.bool_)
    for i in range(1, len(order)):
        a, b = order[i - 1], order[i]
        if time[a] == time[b] and owner[a] == owner[b]:
            tied[i - 1] = tied[i] = True
    return tied
