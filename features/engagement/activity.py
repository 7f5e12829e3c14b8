"""Activity: days with an interaction, and visits."""

import numpy as np
from numba import njit

from features.engagement.view import View
from features.windows import DAY_US, SECOND_US, Few, Ints

SESSION_GAP_US = 30 * 60 * SECOND_US


def active_days(view: View, days: int | None) -> Few:
    """Number of UTC days with an interaction in the window: |{⌊t_e / 86,400 s⌋}|."""
    return _runs_in(view, "active_days", days)


def sessions(view: View, days: int | None) -> Few:
    """Number of visits: runs of interactions with gaps of at most 30 minutes, as far as they lie in the window."""
    return _runs_in(view, "sessions", days)


def _runs_in(view: View, what: str, days: int | None) -> Few:
    """Number of runs that have an event in the window: run starts in it, and one that started before it."""
    if what not in view._sums:
        view._sums[what] = _BEGUN[what](view.log.start, view.log.time)
    span = view.span(days)
    return _over(view._sums[what], span.first, span.stop)


@njit(cache=True, nogil=True)
def _over(begun: Few, first: Few, stop: Few) -> Few:
    """The window cuts a run when its first event does not start one."""
    runs = np.zeros(len(first), np.int32)
    for i in range(len(first)):
        if first[i] < stop[i]:
            starts_one = begun[first[i] + 1] - begun[first[i]]
            runs[i] = begun[stop[i]] - begun[first[i]] + 1 - starts_one
    return runs


@njit(cache=True, nogil=True)
def _days_begun(start: Ints, time: Ints) -> Few:
    """Prefix sums of the events that are their owner's first of a UTC day."""
    begun, number = np.empty(len(time) + 1, np.int32), 0
    begun[0] = 0
    for owner in range(len(start) - 1):
        day = 0
        for i in range(start[owner], start[owner + 1]):
            before, day = day, time[i] // DAY_US
            number += i == start[owner] or day != before
            begun[i + 1] = number
    return begun


@njit(cache=True, nogil=True)
def _visits_begun(start: Ints, time: Ints) -> Few:
    """Prefix sums of the events that are their owner's first or come after a gap."""
    begun, number = np.empty(len(time) + 1, np.int32), 0
    begun[0] = 0
    for owner in range(len(start) - 1):
        for i in range(start[owner], start[owner + 1]):
            number += i == start[owner] or time[i] - time[i - 1] > SESSION_GAP_US
            begun[i + 1] = number
    return begun


_BEGUN = {"active_days": _days_begun, "sessions": _visits_begun}
