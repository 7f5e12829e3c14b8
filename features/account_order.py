"""The events of accounts in their total order, merged from those of their leads, which are in order already."""

from collections.abc import Callable, Sequence

import numpy as np
from numba import njit

from features.windows import Ints

# Runs with fewer steps left are merged from one end.
FEW_STEPS = 4


def merged_accounts(
    time: Ints,
    starts: tuple[Ints, Ints, Ints],
    created: Ints,
    ties: Callable[[Ints], Sequence[Ints]],
) -> tuple[Ints, Ints, Ints]:
    """Where each account's events start, and the time and the position of each, as `histories.account_log` has them.

    `time` holds the events of the leads, each lead's in its total order, then those known only by their account, by
    account and in order too. `starts` say where the events of each lead and of each account without a lead begin in
    `time` (one more each than there are leads and accounts), and where the leads of each account begin. Colleagues
    know of an event from the lead's creation on: `ties` gives the columns by which those at that moment are ordered.
    """
    position = np.arange(len(time))
    early = _known_at_creation(time, starts[0], created)
    if len(early):
        position[early] = early[np.lexsort([*reversed(list(ties(early)))])]
    return _merged(time, starts, created, position)


@njit(cache=True, nogil=True)
def _known_at_creation(time: Ints, start: Ints, created: Ints) -> Ints:
    """Positions of the events up to their lead's creation, of the leads that have some before it."""
    found, n = np.empty(len(time), np.int64), 0
    for lead in range(len(start) - 1):
        at = start[lead]
        if at < start[lead + 1] and time[at] < created[lead]:
            while at < start[lead + 1] and time[at] <= created[lead]:
                found[n] = at
                n += 1
                at += 1
    return found[:n]


@njit(cache=True, nogil=True)
def _merged(time: Ints, starts: tuple[Ints, Ints, Ints], created: Ints, position: Ints) -> tuple[Ints, Ints, Ints]:
    """A merge of the runs of each account's events: what has no lead stands first, then the leads in their order."""
    of_lead, without_lead, leads = starts
    n = len(leads) - 1
    start = np.zeros(n + 1, np.int64)
    for account in range(n):
        of_leads = of_lead[leads[account + 1]] - of_lead[leads[account]]
        start[account + 1] = start[account] + of_leads + without_lead[account + 1] - without_lead[account]
    moment, place = np.empty(start[n], np.int64), np.empty(start[n], np.int64)
    most = 0
    for account in range(n):
        most = max(most, start[account + 1] - start[account])
    other, other_place, ends = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most + 1, np.int64)
    for account in range(n):
        at = start[account]
        for i in range(without_lead[account], without_lead[account + 1]):
            moment[at], place[at] = time[i], i
            at += 1
        for lead in range(leads[account], leads[account + 1]):
            for i in range(of_lead[lead], of_lead[lead + 1]):
                moment[at], place[at] = max(time[i], created[lead]), position[i]
                at += 1
        first, stop = start[account], start[account + 1]
        _merge_runs((moment[first:stop], place[first:stop]), (other, other_place), ends)
    return start, moment, place


@njit(cache=True, nogil=True)
def _merge_runs(events: tuple[Ints, Ints], other: tuple[Ints, Ints], ends: Ints) -> None:
    """Put (times, positions) in the order of the times, equal ones as they stand; `other` and `ends` are room."""
    n = len(events[0])
    runs = 0
    for i in range(1, n + 1):
        if i == n or events[0][i] < events[0][i - 1]:
            ends[runs] = i
            runs += 1
    moved = False
    while runs > 1:
        runs = _merge_pairs(other, events, ends[:runs]) if moved else _merge_pairs(events, other, ends[:runs])
        moved = not moved
    if moved:
        events[0][:] = other[0][:n]
        events[1][:] = other[1][:n]


@njit(cache=True, nogil=True)
def _merge_pairs(source: tuple[Ints, Ints], target: tuple[Ints, Ints], ends: Ints) -> int:
    """Merge every two runs that follow each other; how many are left."""
    first = left = 0
    for pair in range(0, len(ends), 2):
        middle, stop = ends[pair], ends[min(pair + 1, len(ends) - 1)]
        _merge(source, target, first, middle, stop)
        first = ends[left] = stop
        left += 1
    return left


@njit(cache=True, nogil=True)
def _merge(source: tuple[Ints, Ints], target: tuple[Ints, Ints], first: int, middle: int, stop: int) -> None:
    """Merge the runs `[first, middle)` and `[middle, stop)` from both ends: neither waits for what the other finds."""
    (time, place), (to_time, to_place) = source, target
    a, b, at = first, middle, first
    last_a, last_b, end = middle - 1, stop - 1, stop - 1
    # So many steps at each end read past neither run and cannot meet.
    steps = min(last_a - a, last_b - b) + 1
    while steps > FEW_STEPS:
        for _ in range(steps):
            second = time[b] < time[a]
            i = b if second else a
            to_time[at], to_place[at] = time[i], place[i]
            a, b, at = a + 1 - second, b + second, at + 1
            of_first = time[last_b] < time[last_a]
            i = last_a if of_first else last_b
            to_time[end], to_place[end] = time[i], place[i]
            last_a, last_b, end = last_a - of_first, last_b - 1 + of_first, end - 1
        steps = min(last_a - a, last_b - b) + 1
    while a <= last_a and b <= last_b:
        second = time[b] < time[a]
        i = b if second else a
        to_time[at], to_place[at] = time[i], place[i]
        a, b, at = a + 1 - second, b + second, at + 1
    rest = a if a <= last_a else b
    for i in range(at, end + 1):
        to_time[i], to_place[i] = time[rest + i - at], place[rest + i - at]
