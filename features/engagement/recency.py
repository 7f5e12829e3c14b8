"""Recency: elapsed time since the first or last interaction, in days of 86,400 s (never calendar days)."""

import numpy as np
from numba import njit

from features.engagement.counts import selection
from features.engagement.view import Codes, Column, View
from features.windows import DAY_US, NEVER, Bools, Few, Floats, Ints


def days_since_last(view: View, of: str | None) -> Floats:
    """Days from the last chosen interaction (see `count`) to as_of, (as_of − t) / 86,400 s; NaN without one."""
    if of is None:
        past = view.span(None)
        return _days_before(view.as_of, view.log.time, past.stop - 1, past.first < past.stop)
    column, code = selection(of)
    days = np.empty((len(view.owner), 1))
    fill_days_since_last(view, column, np.array([code]), np.array([0]), days)
    return days[:, 0]


def days_since_first(view: View) -> Floats:
    """Days from the owner's first interaction to as_of; NaN without one."""
    past = view.span(None)
    return _days_before(view.as_of, view.log.time, past.first, past.first < past.stop)


@njit(cache=True, nogil=True)
def _days_before(as_of: Ints, time: Ints, position: Few, some: Bools) -> Floats:
    days = np.empty(len(as_of))
    for i in range(len(as_of)):
        days[i] = (as_of[i] - time[position[i]]) / DAY_US if some[i] else np.nan
    return days


def fill_days_since_last(view: View, of: Column, codes: Ints, columns: Ints, values: Floats) -> None:
    """Fill the chosen columns of `values` (one row per snapshot): days since the last past event of each code."""
    past, times = view.span(None), (view.as_of, view.log.time)
    _fill_days(view.owner, (past.first, past.stop), times, view.codes(of), (codes, columns), values)


@njit(cache=True, nogil=True)
def _fill_days(
    owner: Ints,
    past: tuple[Few, Few],
    times: tuple[Ints, Ints],
    code: Codes,
    asked: tuple[Ints, Ints],
    values: Floats,
) -> None:
    """Days from the last past event of each code to each snapshot, NaN without one."""
    (first, stop), (as_of, time), (codes, columns) = past, times, asked
    n = codes.max() + 1
    latest = np.empty(n + 1, np.int64)
    at = 0
    for i in range(len(owner)):
        if i == 0 or owner[i] != owner[i - 1]:
            latest[:] = NEVER
            at = first[i]
        while at < stop[i]:
            latest[code[at] if 0 <= code[at] < n else n] = time[at]
            at += 1
        for j in range(len(codes)):
            last = latest[codes[j]]
            values[i, columns[j]] = np.nan if last == NEVER else (as_of[i] - last) / DAY_US
