"""Records in the order of their groups and times, moved themselves: a group's records lie together and stay so."""

from collections.abc import Callable, Sequence

import numpy as np
from numba import njit

from features.event_records import Column, Records, Words, copy_record, same_as_before, taken, words_of
from features.windows import Ints

TIME = 1
"""The word of a record that is its time."""


def grouped(
    parts: Sequence[Records], groups: Sequence[Column], n: int, dtype: np.dtype[np.void], first: int = 0
) -> tuple[Records, Ints]:
    """Records of all parts in the order of their n groups, else as they came; and where each starts (n + 1).

    Groups are numbered from `first` on.
    """
    start = np.zeros(n + 1, np.int64)
    for group in groups:
        _count(group, first, start)
    start = np.cumsum(start)
    moved, at = np.empty((int(start[-1]), dtype.itemsize // 8), np.int64), start[:-1].copy()
    for part, group in zip(parts, groups, strict=True):
        _place(words_of(part), (group, first), at, moved)
    return moved.reshape(-1).view(dtype), start


def sort_groups(records: Records, start: Ints, ties: Callable[[Records], Sequence[Ints]]) -> Ints:
    """Sort each group's records by time and what `ties` gives, the most important first; records that come twice.

    Linear where each group's times come in order; only records of one group at one time pay for the long key. Gives
    the positions of records that equal the one before in everything but their row number, ascending: `ties` must put
    those that do together.
    """
    tied = _by_time(records, start)
    if len(tied) == 0:
        return tied
    those = taken(records, tied)
    group = np.searchsorted(start, tied, side="right")
    ordered = taken(those, np.lexsort([*reversed(list(ties(those))), those["time"], group]))
    words_of(records)[tied] = words_of(ordered)
    return tied[same_as_before(ordered)]


def _by_time(records: Records, start: Ints) -> Ints:
    """Sort each group's records by time, equal ones as they came; positions of those that share theirs with another."""
    longest, words = int(np.diff(start).max(initial=0)), words_of(records)
    left = np.empty((longest, words.shape[1]), np.int64)
    tied = np.empty(len(records), np.int64)
    return tied[: _sort(words, start, left, np.empty(longest, np.int64), tied)]


@njit(cache=True, nogil=True)
def _count(group: Column, first: int, start: Ints) -> None:
    for i in range(len(group)):
        start[group[i] - first + 1] += 1


@njit(cache=True, nogil=True)
def _place(words: Words, groups: tuple[Column, int], free: Ints, moved: Words) -> None:
    group, first = groups
    for i in range(len(group)):
        at = free[group[i] - first]
        copy_record(words, i, moved, at)
        free[group[i] - first] = at + 1


@njit(cache=True, nogil=True)
def _sort(words: Words, start: Ints, left: Words, ends: Ints, tied: Ints) -> int:
    """Merge the stretches of each group's records whose times come in order; how many positions `tied` has then."""
    found = 0
    for g in range(len(start) - 1):
        runs = _runs(words, start[g], start[g + 1], ends)
        while runs > 1:
            runs = _merge_pairs(words, start[g], ends, runs, left)
        for i in range(start[g] + 1, start[g + 1]):
            if words[i, TIME] == words[i - 1, TIME]:
                if found == 0 or tied[found - 1] != i - 1:
                    tied[found] = i - 1
                    found += 1
                tied[found] = i
                found += 1
    return found


@njit(cache=True, nogil=True)
def _runs(words: Words, first: int, stop: int, ends: Ints) -> int:
    """Number of the stretches in which times do not fall; where each ends goes to `ends`."""
    runs = 0
    for i in range(first + 1, stop):
        if words[i, TIME] < words[i - 1, TIME]:
            ends[runs] = i
            runs += 1
    if stop > first:
        ends[runs] = stop
        runs += 1
    return runs


@njit(cache=True, nogil=True)
def _merge_pairs(words: Words, first: int, ends: Ints, runs: int, left: Words) -> int:
    """Merge every two stretches that follow each other; how many are left."""
    kept = 0
    for pair in range(0, runs, 2):
        stop = ends[min(pair + 1, runs - 1)]
        if pair + 1 < runs:
            _merge(words, first, ends[pair], stop, left)
        first = ends[kept] = stop
        kept += 1
    return kept


@njit(cache=True, nogil=True)
def _merge(words: Words, first: int, middle: int, stop: int, left: Words) -> None:
    """Merge the sorted records from `first` and from `middle` on, those of one time as they were."""
    while first < middle and words[first, TIME] <= words[middle, TIME]:
        first += 1
    for i in range(first, middle):
        copy_record(words, i, left, i - first)
    a, n, b = 0, middle - first, middle
    while a < n:
        if b == stop or left[a, TIME] <= words[b, TIME]:
            copy_record(left, a, words, first)
            a += 1
        else:
            copy_record(words, b, words, first)
            b += 1
        first += 1
