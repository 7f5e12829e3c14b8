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
    past = view.span(None)
    return _faded(view.owner, (past.first, past.stop), view.as_of, view.log.time, points, half_life_days * DAY_US)


@njit(cache=True, nogil=True)
def _faded(
    owner: Ints, past: tuple[Ints, Ints], as_of: Ints, time: Ints, points: Floats, half_life_us: float
) -> Floats:
    first, stop = past
    result = np.zeros(len(owner))
    total, at = 0.0, 0
    for i in range(len(owner)):
        if i == 0 or owner[i] != owner[i - 1]:
            total, at = 0.0, first[i]
        while at < stop[i]:
            if at > first[i] and time[at] > time[at - 1]:
                total *= 2.0 ** (-(time[at] - time[at - 1]) / half_life_us)
            total += points[at]
            at += 1
        if at > first[i]:
            result[i] = total * 2.0 ** (-(as_of[i] - time[at - 1]) / half_life_us)
    return result
