"""Totals: time spent and value, in the fixed point of the histories, so that sums are exact."""

import numpy as np

from features.engagement.view import View
from features.histories import DURATION_UNIT_S, VALUE_UNIT
from features.windows import Floats, over


def dwell_s(view: View, days: int | None) -> Floats:
    """Sum of durations in the window, seconds."""
    return over(view.sums("dwell", view.log.duration), view.span(days)) * np.float64(DURATION_UNIT_S)


def dwell_mean_s(view: View, days: int | None) -> Floats:
    """Mean of the durations known in the window, seconds; NaN when none is."""
    known = over(view.sums("timed", view.log.has_duration), view.span(days))
    return np.where(known > 0, dwell_s(view, days) / np.maximum(known, 1), np.nan)


def value(view: View, days: int | None) -> Floats:
    """Sum of values in the window."""
    return over(view.sums("value", view.log.value), view.span(days)) * np.float64(VALUE_UNIT)
