"""Recency: elapsed time since the first or last interaction, in days of 86,400 s (never calendar days)."""

import numpy as np
from numba import njit

from features.engagement.counts import selection
from features.engagement.view import Column, View
from features.windows import DAY_US, NEVER, Bools, Floats, Ints


def days_since_last(view: View, of: str | None) -> Floats:
    """Days from the last chosen interaction (see `count`) to as_of, (as_of − t) / 86,400 s; NaN without one."""
    if of is None:
        past = view.span(None)
        return _days_before(view, past.stop - 1, past.count > 0)
    column, code = selection(of)
    days = days_by_code(view, column)
    return days[code] if code < len(days) else np.full(len(view.owner), np.nan)


def days_since_first(view: View) -> Floats:
    """Days from the owner's first interaction to as_of; NaN without one."""
    past = view.span(None)
    return _days_before(view, past.first, past.count > 0)


def _days_before(view: View, position: Ints, some: Bools) -> Floats:
    days = np.full(len(view.owner), np.nan)
    days[some] = (view.as_of[some] - view.log.time[position[some]]) / DAY_US
    return days


def days_by_code(view: View, column: Column) -> Floats:
    """Days since the last past event of each code (rows) for each snapshot (columns); worked out once."""
    if column not in view._since:
        past, (code, n) = view.span(None), view.codes(column)
        view._since[column] = _days_since(view.owner, (past.first, past.stop), view.as_of, view.log.time, code, n)
    return view._since[column]


@njit(cache=True, nogil=True)
def _days_since(owner: Ints, past: tuple[Ints, Ints], as_of: Ints, time: Ints, code: Ints, n: int) -> Floats:
    """Days from the last past event of each code (rows) to each snapshot (columns), NaN without one."""
    first, stop = past
    result = np.empty((n, len(owner)))
    latest = np.empty(n, np.int64)
    at = 0
    for i in range(len(owner)):
        if i == 0 or owner[i] != owner[i - 1]:
            latest[:] = NEVER
            at = first[i]
        while at < stop[i]:
            if 0 <= code[at] < n:
                latest[code[at]] = time[at]
            at += 1
        for k in range(n):
            result[k, i] = np.nan if latest[k] == NEVER else (as_of[i] - latest[k]) / DAY_US
    return result
