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
    order = _by_owner_and_time(owner, time, starts(owner, n))
    tied = np.flatnonzero(_tied(owner, time, order))
    if len(tied):
        rows = order[tied]
        order[tied] = rows[np.lexsort([*reversed(list(ties(rows))), time[rows], owner[rows]])]
    return order


@njit(cache=True, nogil=True)
def _by_owner_and_time(owner: Ints, time: Ints, start: Ints) -> Ints:
    """A counting sort by owner, then a sort by time of those owners whose events do not come in order."""
    order = np.empty(len(owner), np.int64)
    free = start[:-1].copy()
    for i in range(len(owner)):
        order[free[owner[i]]] = i
        free[owner[i]] += 1
    for o in range(len(start) - 1):
        for i in range(start[o] + 1, start[o + 1]):
            if time[order[i]] < time[order[i - 1]]:
                mine = order[start[o] : start[o + 1]].copy()
                order[start[o] : start[o + 1]] = mine[np.argsort(time[mine], kind="mergesort")]
                break
    return order


@njit(cache=True, nogil=True)
def _tied(owner: Ints, time: Ints, order: Ints) -> Bools:
    tied = np.zeros(len(order), np.bool_)
    for i in range(1, len(order)):
        a, b = order[i - 1], order[i]
        if time[a] == time[b] and owner[a] == owner[b]:
            tied[i - 1] = tied[i] = True
    return tied
