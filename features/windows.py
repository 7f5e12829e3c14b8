"""Half-open observation windows `[as_of − w, as_of)`: the only place that knows which events a snapshot may see.

Times are int64 microseconds since 1970-01-01 UTC. An event at exactly `as_of` is in the future.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
# Positions and numbers of the events of one block, which are far fewer: half the memory to write and read again.
Few = npt.NDArray[np.int32]
MOST_EVENTS = 2**31 - 1
Positions = TypeVar("Positions", Ints, Few)
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DAY_US = 86_400_000_000
SECOND_US = 1_000_000
# Far before any event, and far enough from the int64 limits that adding windows cannot overflow.
NEVER = -(2**61)
# So many times are looked at one by one before the rest is halved again and again.
NEAR = 64


@dataclass(frozen=True, slots=True)
class Segments:
    """Times sorted within owners: owner i's times are `time[start[i]:start[i + 1]]`."""

    start: Ints
    time: Ints


def starts(owner: Ints, n: int) -> Ints:
    """Where each of n owners' rows start when rows are sorted by owner: n + 1 positions."""
    return _starts(owner, n)


@njit(cache=True, nogil=True)
def _starts(owner: Ints, n: int) -> Ints:
    start = np.zeros(n + 1, np.int64)
    for i in range(len(owner)):
        start[owner[i] + 1] += 1
    for o in range(n):
        start[o + 1] += start[o]
    return start


def times_by_owner(owner: Ints, time: Ints, n: int) -> Segments:
    """Segments of n owners from unsorted pairs."""
    order = np.lexsort((time, owner))
    return Segments(starts(owner, n), time[order])


def known_before(segments: Segments, owner: Ints, moment: Ints) -> Ints:
    """How many of the owner's times lie before `moment`, for each (owner, moment) pair."""
    return first_not_before(segments, owner, moment) - segments.start[owner]


def first_not_before(segments: Segments, owner: Ints, moment: Ints) -> Ints:
    """Position of the owner's first time ≥ `moment` (or its end), for each (owner, moment) pair, by binary search.

    >>> times = Segments(np.array([0, 3, 4]), np.array([10, 20, 30, 5]))
    >>> first_not_before(times, np.array([0, 0, 1]), np.array([20, 31, 5])).tolist()
    [1, 3, 3]
    """
    return _first_not_before(segments.start, segments.time, owner, moment)


@njit(cache=True, nogil=True)
def _halved(time: Ints, low: int, high: int, moment: int) -> int:
    while low < high:
        middle = (low + high) >> 1
        if time[middle] < moment:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def _from(time: Ints, low: int, high: int, moment: int) -> int:
    """First position of [low, high) with a time ≥ `moment`, else `high`: mostly a few after `low`."""
    near = min(high, low + NEAR)
    while low < near and time[low] < moment:
        low += 1
    return _halved(time, low, high, moment) if low == near else low


@njit(cache=True, nogil=True)
def _first_not_before(start: Ints, time: Ints, owner: Ints, moment: Ints) -> Ints:
    """Pairs sorted by owner and moment go on from where the last one ended: the next position is mostly a few away."""
    position = np.empty(len(owner), np.int64)
    low = 0
    for i in range(len(owner)):
        if i == 0 or owner[i] != owner[i - 1] or moment[i] < moment[i - 1]:
            low = start[owner[i]]
        low = position[i] = _from(time, low, start[owner[i] + 1], moment[i])
    return position


@dataclass(frozen=True, slots=True)
class Span(Generic[Positions]):
    """The events each snapshot may see: positions `[first, stop)` of the sorted times."""

    first: Positions
    stop: Positions

    @property
    def count(self) -> Positions:
        """Number of events in the window."""
        return self.stop - self.first


def history(segments: Segments, owner: Ints, as_of: Ints) -> Span[Ints]:
    """All events of the owner before `as_of`."""
    return Span(segments.start[owner], first_not_before(segments, owner, as_of))


def spans(segments: Segments, owner: Ints, as_of: Ints, windows: Sequence[int]) -> dict[int | None, Span[Few]]:
    """All events of the owner before `as_of` (None), and those in `[as_of − days, as_of)` for each of the windows.

    The pairs (owner, as_of) are sorted.

    Raises:
        ValueError: more events than positions of 32 bits can name.
    """
    if len(segments.time) > MOST_EVENTS:
        raise ValueError(f"a block has {len(segments.time):,} events: expected at most {MOST_EVENTS:,}")
    longest_first = sorted(windows, reverse=True)
    past, first = _spans(segments.start, segments.time, owner, as_of, np.array([0, *longest_first]) * DAY_US)
    found: dict[int | None, Span[Few]] = {None: Span(first[0], past)}
    found.update({days: Span(first[row], past) for row, days in enumerate(longest_first, start=1)})
    return found


@njit(cache=True, nogil=True)
def _spans(start: Ints, time: Ints, owner: Ints, as_of: Ints, lengths: Ints) -> tuple[Few, Few]:
    """Position of the first event not before each as_of, and where each window begins.

    Windows are rows: the first holds all, the others come from the longest to the shortest, each of which begins where
    the one before it does or later.
    """
    stop, first = np.empty(len(owner), np.int32), np.empty((len(lengths), len(owner)), np.int32)
    low = np.empty(len(lengths), np.int64)
    high = 0
    for i in range(len(owner)):
        if i == 0 or owner[i] != owner[i - 1]:
            high = start[owner[i]]
            low[:] = high
        high = stop[i] = _from(time, high, start[owner[i] + 1], as_of[i])
        first[0, i] = low[0]
        for w in range(1, len(lengths)):
            low[w] = first[w, i] = _from(time, max(low[w], first[w - 1, i]), high, as_of[i] - lengths[w])
    return stop, first


@njit(cache=True, nogil=True)
def prefix_sums(values: npt.NDArray[np.generic]) -> Ints:
    """Prefix sums with a leading 0, in int64: the sum over a span is `sums[stop] − sums[first]`, exactly.

    Integer sums wrap around on overflow, so a difference is right whenever the span's own sum fits.
    """
    sums = np.empty(len(values) + 1, np.int64)
    sums[0] = 0
    for i in range(len(values)):
        sums[i + 1] = sums[i] + values[i]
    return sums


@njit(cache=True, nogil=True)
def prefix_counts(chosen: Bools) -> Few:
    """How many of the events before each position are chosen."""
    counts, number = np.empty(len(chosen) + 1, np.int32), 0
    counts[0] = 0
    for i in range(len(chosen)):
        number += chosen[i]
        counts[i + 1] = number
    return counts


def over(sums: Ints | Few, span: Span[Few]) -> Ints:
    """Sum over each span, from prefix sums."""
    return _over(sums, span.first, span.stop)


@njit(cache=True, nogil=True)
def _over(sums: Ints | Few, first: Few, stop: Few) -> Ints:
    found = np.empty(len(first), np.int64)
    for i in range(len(first)):
        found[i] = sums[stop[i]] - sums[first[i]]
    return found
