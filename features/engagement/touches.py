"""Touches: what the first and the last interaction were."""

import numpy as np

from features.engagement.view import View
from features.windows import Floats, Ints


def first_kind(view: View) -> Floats:
    """Code of the first interaction's kind; NaN without one."""
    past = view.span(None)
    return _kind_at(view, past.first, past.count)


def last_kind(view: View) -> Floats:
    """Code of the last interaction's kind; NaN without one."""
    past = view.span(None)
    return _kind_at(view, past.stop - 1, past.count)


def _kind_at(view: View, position: Ints, count: Ints) -> Floats:
    some = count > 0
    kind = np.full(len(view.owner), np.nan)
    kind[some] = view.kind[position[some]]
    return kind
