"""Rhythm: the gaps between consecutive interactions, each in whole seconds."""

from math import sqrt

import numpy as np
from numba import njit

from features.engagement.view import View
from features.windows import SECOND_US, Few, Floats, Ints

DAY_S = 86_400


def gap_mean_days(view: View) -> Floats:
    """Mean time between consecutive interactions, days; NaN with fewer than two."""
    number, total, _, _ = _gaps_of(view)
    return _means(number, total)


def gap_std_days(view: View) -> Floats:
    """Population standard deviation of the gaps, √(Σg²/n − (Σg/n)²), days; NaN with fewer than two interactions."""
    number, total, squares, _ = _gaps_of(view)
    return _deviations(number, total, squares)


def gap_max_days(view: View) -> Floats:
    """Longest time between consecutive interactions, days; NaN with fewer than two."""
    number, _, _, longest = _gaps_of(view)
    return np.where(number > 0, longest / DAY_S, np.nan)


@njit(cache=True, nogil=True)
def _means(number: Ints, total: Ints) -> Floats:
    days = np.empty(len(number))
    for i in range(len(number)):
        days[i] = total[i] / number[i] / DAY_S if number[i] > 0 else np.nan
    return days


@njit(cache=True, nogil=True)
def _deviations(number: Ints, total: Ints, squares: Floats) -> Floats:
    days = np.full(len(number), np.nan)
    for i in range(len(number)):
        if number[i] > 0:
            mean = total[i] / number[i]
            days[i] = sqrt(max(squares[i] / number[i] - mean * mean, 0.0)) / DAY_S
    return days


def _gaps_of(view: View) -> tuple[Ints, Ints, Floats, Ints]:
    if not view._gaps:
        past = view.span(None)
        view._gaps.append(_gap_sums(view.owner, past.first, past.stop, view.log.time))
    return view._gaps[0]


@njit(cache=True, nogil=True)
def _gap_sums(owner: Ints, first: Few, stop: Few, time: Ints) -> tuple[Ints, Ints, Floats, Ints]:
    """Number, sum, sum of squares and maximum of each snapshot's past gaps, seconds.

    Squares of gaps of centuries exceed int64: they are summed as floats, in the order of the events.
    """
    n = len(owner)
    number, total, longest = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    squares = np.zeros(n)
    at = 0
    for i in range(n):
        if i == 0 or owner[i] != owner[i - 1]:
            at = first[i] + 1
            sum_, square, largest = 0, 0.0, 0
        while at < stop[i]:
            gap = (time[at] - time[at - 1]) // SECOND_US
            sum_ += gap
            square += float(gap) * float(gap)
            largest = max(largest, gap)
            at += 1
        number[i], total[i] = max(stop[i] - first[i] - 1, 0), sum_
        squares[i], longest[i] = square, largest
    return number, total, squares, longest
