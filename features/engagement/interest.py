"""Interest: points of past interactions that fade by half in every half-life."""

import numpy as np
from numba import njit

from features.engagement.view import View
from features.event_log import EventColumn
from features.windows import DAY_US, Few, Floats, Ints


def fill_interest(view: View, worth: Floats, half_lives_days: Floats, columns: Ints, values: Floats) -> None:
    """Fill the chosen columns of `values` (one row per snapshot): the interest for each half-life.

    Faded points: Σ points_e · 2^(−(as_of − t_e) / half-life) over the events before as_of; `worth` holds the points of
    each kind of the log. The sum fades from event to event and then to as_of: it is never larger than the points
    themselves and no large numbers are subtracted, so nothing overflows or cancels over ten years, and the value does
    not depend on which other snapshots are asked for.
    """
    past, times = view.span(None), (view.as_of, view.log.time)
    asked = half_lives_days * DAY_US, columns
    _fill_faded(view.owner, (past.first, past.stop), times, (worth, view.log.kind), asked, values)


@njit(cache=True, nogil=True)
def _fill_faded(
    owner: Ints,
    past: tuple[Few, Few],
    times: tuple[Ints, Ints],
    worth: tuple[Floats, EventColumn],
    asked: tuple[Floats, Ints],
    values: Floats,
) -> None:
    """One sum per half-life: what they wait for, the last sum faded, is worked out side by side."""
    (first, stop), (as_of, time), (points, of), (half_lives_us, columns) = past, times, worth, asked
    n = len(half_lives_us)
    total, at = np.zeros(n), 0
    for i in range(len(owner)):
        if i == 0 or owner[i] != owner[i - 1]:
            total[:] = 0
            at = first[i]
        while at < stop[i]:
            elapsed = time[at] - time[at - 1] if at > first[i] else 0
            gained = points[of[at]]
            for k in range(n):
                if elapsed > 0:
                    total[k] *= 2.0 ** (-elapsed / half_lives_us[k])
                total[k] += gained
            at += 1
        for k in range(n):
            some = at > first[i]
            values[i, columns[k]] = total[k] * 2.0 ** (-(as_of[i] - time[at - 1]) / half_lives_us[k]) if some else 0.0
