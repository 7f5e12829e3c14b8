"""Activity: days with an interaction, and visits."""

import numpy as np

from features.engagement.view import View
from features.event_log import EventLog
from features.windows import DAY_US, SECOND_US, Bools, Floats, Ints, over, prefix_sums

SESSION_GAP_US = 30 * 60 * SECOND_US


def active_days(view: View, days: int | None) -> Floats:
    """Number of UTC days with an interaction in the window: |{⌊t_e / 86,400 s⌋}|."""
    return _runs_in(view, "active_days", days)


def sessions(view: View, days: int | None) -> Floats:
    """Number of visits: runs of interactions with gaps of at most 30 minutes, as far as they lie in the window."""
    return _runs_in(view, "sessions", days)


def _runs_in(view: View, what: str, days: int | None) -> Floats:
    """Number of runs that have an event in the window: run starts in it, and one that started before it."""
    if what not in view._runs:
        new = _STARTS[what](view.log)
        view._runs[what] = prefix_sums(new), np.concatenate([~new, [False]])
    begun, continued = view._runs[what]
    span = view.span(days)
    # The window cuts a run when its first event does not start one.
    return (over(begun, span) + (continued[span.first] & (span.count > 0))).astype(np.float64)


def _new_days(log: EventLog) -> Bools:
    day = log.time // DAY_US
    return _with_owners(log, day[1:] != day[:-1])


def _new_sessions(log: EventLog) -> Bools:
    return _with_owners(log, np.diff(log.time) > SESSION_GAP_US)


def _with_owners(log: EventLog, differs: Bools) -> Bools:
    """Starts of runs: where an event differs from the one before, and at each owner's first."""
    new = np.ones(len(log.time), bool)
    new[1:] = differs
    first: Ints = log.start[:-1]
    new[first[first < len(new)]] = True
    return new


_STARTS = {"active_days": _new_days, "sessions": _new_sessions}
