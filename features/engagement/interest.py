"""Interest: points of past interactions that fade by half in every half-life."""

import numpy as np
from numba import njit

from features.engagement.view import View
from features.windows import DAY_US, Floats, Ints


def interest(view: View, points: Floats, half_life_days: float) -> Floats:
    """Faded points: Σ points_e · 2^(−(as_of − t_e) / half-life) over the events before as_of.

    `points` holds one value per event. The sum fades from event to event and then to as_of: it is never larger than
    the points themselves and no large numbers are subtracted, so nothing overflows or cancels over ten years, and the
    value does not depend on which other snapshots are asked for.
    """
    faded = np.empty((len(view.owner), 1))
    fill_interest(view, points, np.array([half_life_days]), np.array([0]), faded)
    return faded[:, 0]


def fill_interest(view: View, points: Floats, half_lives_days: Floats, columns: Ints, values: Floats) -> None:
    """Fill the chosen columns of `values` (one row per snapshot): the interest for each half-life."""
    past, times = view.span(None), (view.as_of, view.log.time)
    asked = half_lives_days * DAY_US, columns
    _fill_faded(view.owner, (past.first, past.stop), times, points, asked, values)


@njit(cache=True, nogil=True)
def _fill_faded(
    owner: Ints,
    past: tuple[Ints, Ints],
    times: tuple[Ints, Ints],
    points: Floats,
    asked: tuple[Floats, Ints],
    values: Floats,
) -> None:
    """One sum per half-life: what they wait for, the last sum faded, is worked out side by side."""
    (first, stop), (as_of, time), (half_lives_us, columns) = past, times, asked
    n = len(half_lives_us)
    total, at = np.zeros(n), 0
    for i in range(len(owner)):
        if i == 0 or owner[i] != owner[i - 1]:
            total[:] = 0
            at = first[i]
        while at < stop[i]:
            elapsed = time[at] - time[at - 1] if at > first[i] else 0
            for k in range(n):
                if elapsed > 0:
                    total[k] *= 2.0 ** (-elapsed / half_lives_us[k])
                total[k] += points[at]
            at += 1
        for k in range(n):
            some = at > first[i]
            values[i, columns[k]] = total[k] * 2.0 ** (-(as_of[i] - time[at - 1]) / half_lives_us[k]) if some else 0.0
