"""Totals: time spent and value, in the fixed point of the histories, so that sums are exact."""

import numpy as np
from numba import njit

from features.engagement.view import View
from features.histories import DURATION_UNIT_S, VALUE_UNIT
from features.windows import Floats, Ints, over, prefix_counts, prefix_sums


def dwell_s(view: View, days: int | None) -> Floats:
    """Sum of durations in the window, seconds."""
    return _total(view, "duration", days) * np.float64(DURATION_UNIT_S)


def dwell_mean_s(view: View, days: int | None) -> Floats:
    """Mean of the durations known in the window, seconds; NaN when none is."""
    return _means(dwell_s(view, days), _total(view, "has_duration", days))


@njit(cache=True, nogil=True)
def _means(total: Floats, number: Ints) -> Floats:
    means = np.empty(len(total))
    for i in range(len(total)):
        means[i] = total[i] / number[i] if number[i] > 0 else np.nan
    return means


def value(view: View, days: int | None) -> Floats:
    """Sum of values in the window."""
    return _total(view, "value", days) * np.float64(VALUE_UNIT)


def _total(view: View, column: str, days: int | None) -> Ints:
    if column not in view._sums:
        events = getattr(view.log, column)
        view._sums[column] = prefix_counts(events) if column == "has_duration" else prefix_sums(events)
    return over(view._sums[column], view.span(days))
