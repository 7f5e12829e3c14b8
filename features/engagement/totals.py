"""Totals: time spent and value, in the fixed point of the histories, so that sums are exact."""

import numpy as np

from features.engagement.view import View
from features.histories import DURATION_UNIT_S, VALUE_UNIT
from features.windows import Floats, Ints, over, prefix_sums


def dwell_s(view: View, days: int | None) -> Floats:
    """Sum of durations in the window, seconds."""
    return _total(view, "duration", days) * np.float64(DURATION_UNIT_S)


def dwell_mean_s(view: View, days: int | None) -> Floats:
    """Mean of the durations known in the window, seconds; NaN when none is."""
    known = _total(view, "has_duration", days)
    return np.where(known > 0, dwell_s(view, days) / np.maximum(known, 1), np.nan)


def value(view: View, days: int | None) -> Floats:
    """Sum of values in the window."""
    return _total(view, "value", days) * np.float64(VALUE_UNIT)


def _total(view: View, column: str, days: int | None) -> Ints:
    if column not in view._sums:
        view._sums[column] = prefix_sums(getattr(view.log, column))
    return over(view._sums[column], view.span(days))
