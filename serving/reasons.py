"""Reasons: the points of each lead's score by feature, whole numbers that sum exactly to the shown score."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from features.windows import Floats, Ints
from serving.sanity import Codes, is_named

LOWEST, HIGHEST = 0, 100
START, REST, END = "starting point", "everything else", "end of scale"
START_GROUP, OTHER_GROUP = "Start", "Other"
NONE = -1
"""Column of a place in `Named` that holds no reason."""
Small = npt.NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, slots=True)
class Reason:
    """One row of an explanation: whole points, the feature's value as text (None for rows that are no feature)."""

    group: str
    feature: str
    value: str | None
    points: int
    sentence: str


class Named(NamedTuple):
    """Reasons of n leads, at most k each: points of the start, of k features (largest first), and of all others.

    `column` (n, k) is the feature's place in the catalog, `NONE` behind a lead's last reason; `points` and `value`
    stand beside it. `others` counts the features that are not named. On every row start + points + rest is the score
    before it is cut at an end of the scale.
    """

    start: Small
    column: Small
    points: Small
    value: Floats
    rest: Small
    others: Small


def places_for(n: int, most: int) -> Named:
    """Room for the reasons of n leads, at most `most` each."""
    return Named(
        start=np.zeros(n, np.int32),
        column=np.full((n, most), NONE, np.int16),
        points=np.zeros((n, most), np.int32),
        value=np.full((n, most), np.nan),
        rest=np.zeros(n, np.int32),
        others=np.zeros(n, np.int16),
    )


def part_of(named: Named, here: slice) -> Named:
    """Some of the rows: views, which can be written to."""
    return Named(
        start=named.start[here],
        column=named.column[here],
        points=named.points[here],
        value=named.value[here],
        rest=named.rest[here],
        others=named.others[here],
    )


class Rows(NamedTuple):
    """Rows to explain: contributions (n, features + 1) in raw log-odds and values (n, features).

    Per row `start` is the exact starting point and `total` the whole score that the points must sum to, neither cut at
    the ends of the scale.
    """

    contributions: Floats
    values: Floats
    start: Floats
    total: Ints


@njit(cache=True, nogil=True)
def name_reasons(rows: Rows, factor: float, sanity: Codes, named: Named) -> None:
    """Fill `named`, whose arrays are as `places_for` gives them.

    Points are `factor` times contributions. The largest of a row are named (ties: the first in the catalog), leaving
    out those that `sanity` forbids; the others are summed up. All are then rounded so that they sum to `total`, and
    names that come out as 0 points are dropped.
    """
    n, k = named.column.shape
    features = rows.values.shape[1]
    chosen = np.zeros(features, np.bool_)
    column = np.empty(k, np.int64)
    exact, whole = np.empty(k + 2), np.empty(k + 2, np.int64)
    for i in range(n):
        points = rows.contributions[i]
        count = _largest(points, rows.values[i], factor, sanity, column, exact)
        exact[count + 1] = _others(points, factor, column[:count], chosen)
        exact[0] = rows.start[i]
        _apportion(exact[: count + 2], rows.total[i], whole[: count + 2])
        named.start[i], named.rest[i] = whole[0], whole[count + 1]
        named.others[i] = features - _write(i, column[:count], whole, rows.values[i], named)


@njit(cache=True, nogil=True)
def _largest(points: Floats, values: Floats, factor: float, sanity: Codes, column: Ints, exact: Floats) -> int:
    """Columns of the largest points into `column`, their points into `exact[1:]`; returns how many."""
    count, most = 0, len(column)
    least = 0.0
    for j in range(len(values)):
        worth = factor * points[j]
        size = abs(worth)
        if size <= least or most == 0 or not is_named(sanity[j], values[j], worth):
            continue
        at = count if count < most else most - 1
        while at > 0 and size > abs(exact[at]):
            exact[at + 1], column[at] = exact[at], column[at - 1]
            at -= 1
        exact[at + 1], column[at] = worth, j
        count = min(count + 1, most)
        if count == most:
            least = abs(exact[most])
    return count


@njit(cache=True, nogil=True)
def _others(points: Floats, factor: float, column: Ints, chosen: npt.NDArray[np.bool_]) -> float:
    """Sum of the points of all other features, in their order."""
    for j in column:
        chosen[j] = True
    total = 0.0
    for j in range(len(chosen)):
        if not chosen[j]:
            total += factor * points[j]
    for j in column:
        chosen[j] = False
    return total


@njit(cache=True, nogil=True)
def _apportion(exact: Floats, total: int, whole: Ints) -> None:
    """Whole numbers, each within 1 of its exact one, summing to `total` (largest remainder, Hamilton)."""
    left = total
    for j in range(len(exact)):
        whole[j] = np.int64(np.floor(exact[j]))
        left -= whole[j]
    while left > 0:
        best, most = -1, -1.0
        for j in range(len(exact)):
            remainder = exact[j] - whole[j]  # below 0 where 1 was added already
            if remainder > most and remainder >= 0.0:
                best, most = j, remainder
        if best < 0:
            break
        whole[best] += 1
        left -= 1
    # Numbers so large that they have no exact remainders: the sum still holds.
    whole[-1] += left


@njit(cache=True, nogil=True)
def _write(i: int, column: Ints, whole: Ints, values: Floats, named: Named) -> int:
    """Write the reasons with points; returns how many."""
    count = 0
    for j in range(len(column)):
        if whole[j + 1] != 0:
            named.column[i, count] = column[j]
            named.points[i, count] = whole[j + 1]
            named.value[i, count] = values[column[j]]
            count += 1
    return count
