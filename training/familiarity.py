"""Familiarity: whether a lead is enough like those the model was trained on for its score to mean much.

Trees know no difference between the largest value that they saw and ten times as much, so each feature is compared
with the values of training; combinations with little support show in the width of the range.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from features.windows import Bools, Floats, Ints

NEVER_SEEN = 100.0
"""How far outside a category is that training never had, or a gap where it had none; numbers stop short of it."""
BLOCKS, FIRST = 5, 0.5
"""The later half of the training rows is compared, in so many blocks, with the rows before each."""
DIGITS = 5
ELAPSED = ("days_since_last", "days_since_first", "lead_age_days", "criterion_age_days", "gap_mean_days",
           "gap_std_days", "gap_max_days")  # fmt: skip
"""Families that grow by themselves. Training looks at leads up to some age; those that stay open become older, all of
them, and that is no reason to call most of a list strange."""
SMALLEST_SPAN = 1e-9


class Outside(NamedTuple):
    """A value that training did not have: its column, and the nearest that it had (None: of a category or a gap)."""

    column: int
    nearest: float | None


class Seen(NamedTuple):
    """What training had, by column: least and greatest number, whether it was ever not known, and categories.

    Of a column of categories `is_code[start[column]:start[column + 1]]` says which codes it had; of others it is empty.
    """

    least: Floats
    greatest: Floats
    may_lack: Bools
    start: Ints
    is_code: Bools


@njit(cache=True, nogil=True)
def beyond(value: float, column: int, seen: Seen) -> float:
    """How many spans (of greatest less least) a value lies outside what training had; 0 inside."""
    if np.isnan(value):
        return 0.0 if seen.may_lack[column] else NEVER_SEEN
    first, last = seen.start[column], seen.start[column + 1]
    if last > first:
        is_known = 0 <= value < last - first and seen.is_code[first + np.int64(value)]
        return 0.0 if is_known else NEVER_SEEN
    least, greatest = seen.least[column], seen.greatest[column]
    if least <= value <= greatest:
        return 0.0
    far = value - greatest if value > greatest else least - value
    return min(far / max(greatest - least, SMALLEST_SPAN), NEVER_SEEN * 0.99)


@njit(cache=True, nogil=True)
def farthest(values: Floats, seen: Seen) -> Floats:
    """How far outside each row's most unusual value lies."""
    found = np.zeros(len(values))
    categorical = np.flatnonzero(np.diff(seen.start))
    least, greatest, may_lack, start, is_code = seen
    for row in range(len(values)):
        odd: Any = False
        for column in range(len(least)):  # without branches, many columns at once
            value = values[row, column]
            inside = (value >= least[column]) & (value <= greatest[column])
            odd |= not (inside | (may_lack[column] & (value != value)))  # noqa: PLR0124 - not a number
        for coded in categorical:
            code = values[row, coded]
            if not (odd or np.isnan(code)):  # between the least and the greatest
                odd |= not is_code[start[coded] + np.int64(code)]
        if odd:
            for column in range(len(least)):
                found[row] = max(found[row], beyond(values[row, column], column, seen))
    return found


@dataclass(frozen=True, slots=True)
class Familiarity:
    """What training had, and how far beyond it a row may be.

    A row is unfamiliar when a value lies more than `most_outside` spans beyond what training had, or when its leaves
    say that its range is wider than `widest`.
    """

    seen: Seen
    most_outside: float
    widest: float

    def familiar(self, values: Floats, leaf_sums: Floats) -> Bools:
        """Whether each row (n, features) is familiar."""
        is_narrow = leaf_sums <= self.widest
        if not len(self.seen.least):
            return np.asarray(is_narrow)
        return np.asarray(is_narrow & (self.outside(values) <= self.most_outside))

    def outside(self, values: Floats) -> Floats:
        """How many spans each row's most unusual value lies beyond what training had; 0 inside."""
        return np.asarray(farthest(np.require(values, np.float64, ["C", "W"]), self.seen))

    def excess(self, values: Floats) -> Floats:
        """How many spans each value of the rows (n, features) lies beyond what training had."""
        found = [[beyond(value, column, self.seen) for column, value in enumerate(row)] for row in values]
        return np.array(found, np.float64).reshape(values.shape)

    def far_values(self, row: Floats) -> list[Outside]:
        """The values of one row that make it unfamiliar, the farthest first."""
        if not len(self.seen.least):
            return []
        excess = self.excess(row[None])[0]
        order = np.argsort(-excess, kind="stable")
        return [
            Outside(int(column), self._nearest(int(column), float(row[column])))
            for column in order
            if excess[column] > self.most_outside
        ]

    def _nearest(self, column: int, value: float) -> float | None:
        if self.seen.start[column + 1] > self.seen.start[column] or np.isnan(value):
            return None
        least, greatest = float(self.seen.least[column]), float(self.seen.greatest[column])
        return greatest if value > greatest else least


_NOTHING = Seen(np.zeros(0), np.zeros(0), np.zeros(0, bool), np.zeros(1, np.int64), np.zeros(0, bool))
EVERYTHING = Familiarity(_NOTHING, NEVER_SEEN, 1e9)
"""Of a model about which nothing was learned: every lead passes."""


class Columns(NamedTuple):
    """Columns that hold category codes, and those that are not compared, since they only grow as time passes."""

    categorical: Sequence[int]
    elapsed: Sequence[int] = ()


def learn_familiarity(values: Floats, columns: Columns, order: Ints, sums: Floats, share: float) -> Familiarity:
    """Familiarity of the training rows `values` (n, features), such that about `share` of rows like them fail.

    `order` sorts rows as they came: later ones are compared with earlier ones, as in use. `sums` are their leaf sums.
    Half of the share goes to values, half to combinations.
    """
    cuts = np.linspace(FIRST, 1, BLOCKS + 1) * len(order)
    found = [np.zeros(1)]
    for start, stop in zip(cuts[:-1].astype(int), cuts[1:].astype(int), strict=True):
        if 0 < start < stop:
            found.append(farthest(values[order[start:stop]], seen_in(values[order[:start]], columns)))
    most = float(np.quantile(np.concatenate(found), 1 - share / 2, method="higher"))
    widest = float(np.quantile(sums, 1 - share / 2, method="higher"))
    return Familiarity(seen_in(values, columns), round(most, DIGITS), widest)


def seen_in(values: Floats, columns: Columns) -> Seen:
    """What some rows (n, features) have; a column without bounds holds every number."""
    lacks = np.isnan(values)
    unbound: Bools = np.asarray(lacks.all(axis=0))
    unbound[list(columns.elapsed)] = True
    codes = [
        np.bincount(values[~lacks[:, column], column].astype(np.int64)) > 0
        if column in columns.categorical
        else np.zeros(0, bool)
        for column in range(values.shape[1])
    ]
    return Seen(
        np.where(unbound, -np.inf, np.where(lacks, np.inf, values).min(axis=0)),
        np.where(unbound, np.inf, np.where(lacks, -np.inf, values).max(axis=0)),
        np.asarray(lacks.any(axis=0)),
        np.concatenate([[0], np.cumsum([len(one) for one in codes])]).astype(np.int64),
        np.concatenate([np.zeros(0, bool), *codes]),
    )


def familiarity_json(familiarity: Familiarity) -> dict[str, Any]:
    """Plain values for `uncertainty.json`; null where a column has no bounds."""
    seen = familiarity.seen
    return {
        "least": _finite(seen.least),
        "greatest": _finite(seen.greatest),
        "may_lack": seen.may_lack.tolist(),
        "codes": [seen.is_code[first:last].tolist() for first, last in pairwise(seen.start)],
        "most_outside": familiarity.most_outside,
        "widest": familiarity.widest,
    }


def familiarity_from_json(value: Mapping[str, Any]) -> Familiarity:
    """Familiarity from `familiarity_json`'s value."""
    codes = [np.array(one, bool) for one in value["codes"]]
    seen = Seen(
        _bounds(value["least"], -np.inf),
        _bounds(value["greatest"], np.inf),
        np.array(value["may_lack"], bool),
        np.concatenate([[0], np.cumsum([len(one) for one in codes])]).astype(np.int64),
        np.concatenate([np.zeros(0, bool), *codes]),
    )
    return Familiarity(seen, float(value["most_outside"]), float(value["widest"]))


def _finite(bounds: Floats) -> list[float | None]:
    return [float(bound) if np.isfinite(bound) else None for bound in bounds]


def _bounds(values: Sequence[float | None], none: float) -> Floats:
    return np.array([none if value is None else value for value in values], np.float64)
