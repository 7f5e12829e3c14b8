"""Touches: what the first and the last interaction were."""

import numpy as np
from numba import njit

from features.engagement.view import Codes, View
from features.windows import Bools, Few, Floats


def first_kind(view: View) -> Floats:
    """Code of the first interaction's kind; NaN without one."""
    past = view.span(None)
    return _kind_at(view.kind, past.first, past.first < past.stop)


def last_kind(view: View) -> Floats:
    """Code of the last interaction's kind; NaN without one."""
    past = view.span(None)
    return _kind_at(view.kind, past.stop - 1, past.first < past.stop)


@njit(cache=True, nogil=True)
def _kind_at(kind: Codes, position: Few, some: Bools) -> Floats:
    found = np.empty(len(position))
    for i in range(len(position)):
        found[i] = kind[position[i]] if some[i] else np.nan
    return found
