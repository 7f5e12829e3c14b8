"""Familiarity: whether a lead is enough like those the model was trained on for its score to mean much.

Trees know no difference between the largest value that they saw and ten times as much, so each feature is compared
with the values of training; combinations with little support show in the width of the range.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from features.windows import Bools, Floats, Ints

NEVER_SEEN = 100.0
"""How far outside a category is that training never had, or a gap where it had none; numbers stop short of it."""
BLOCKS, FIRST = 5, 0.5
"""The later half of the training rows is compared, in so many blocks, with the rows before each."""
ROWS = 8192
DIGITS = 5
SMALLEST_SPAN = 1e-9


class Outside(NamedTuple):
    """A value that training did not have: its column, and the nearest that it had (None: of a category or a gap)."""

    column: int
    nearest: float | None


@dataclass(frozen=True, slots=True)
class Familiarity:
    """What training had, by column: least and greatest number, whether it was ever not known, categories by code.

    A row is unfamiliar when a value lies more than `most_outside` spans (of greatest less least) beyond what training
    had, or when its leaves say that its range is wider than `widest`.
    """

    least: Floats
    greatest: Floats
    may_lack: Bools
    codes: Mapping[int, Bools]
    most_outside: float
    widest: float

    def familiar(self, values: Floats, leaf_sums: Floats) -> Bools:
        """Whether each row (n, features) is familiar."""
        is_narrow = leaf_sums <= self.widest
        if not len(self.least):
            return np.asarray(is_narrow)
        return np.asarray(is_narrow & (self.outside(values) <= self.most_outside))

    def outside(self, values: Floats) -> Floats:
        """How many spans each row's most unusual value lies beyond what training had; 0 inside."""
        found = np.zeros(len(values))
        for start in range(0, len(values), ROWS):
            part = values[start : start + ROWS]
            odd = np.flatnonzero(self._is_odd(part))
            if len(odd):
                found[start + odd] = self.excess(part[odd]).max(axis=1)
        return found

    def _is_odd(self, values: Floats) -> Bools:
        odd = np.asarray(((values < self.least) | (values > self.greatest)).any(axis=1))
        odd |= np.isnan(values[:, ~self.may_lack]).any(axis=1)
        for column, seen in self.codes.items():
            odd |= ~_was_seen(values[:, column], seen)
        return odd

    def excess(self, values: Floats) -> Floats:
        """How many spans each value of the rows (n, features) lies beyond what training had."""
        span = np.maximum(self.greatest - self.least, SMALLEST_SPAN)
        with np.errstate(invalid="ignore"):  # categories have no ends
            beyond = np.fmax(np.fmax(values - self.greatest, self.least - values) / span, 0.0)
        found = np.minimum(np.nan_to_num(beyond, posinf=NEVER_SEEN), NEVER_SEEN * 0.99)
        found[np.isnan(values) & ~self.may_lack] = NEVER_SEEN
        for column, seen in self.codes.items():
            found[:, column] = np.where(_was_seen(values[:, column], seen), 0.0, NEVER_SEEN)
        return found

    def far_values(self, row: Floats) -> list[Outside]:
        """The values of one row that make it unfamiliar, the farthest first."""
        if not len(self.least):
            return []
        excess = self.excess(row[None])[0]
        order = np.argsort(-excess, kind="stable")
        return [
            Outside(int(column), self._nearest(int(column), float(row[column])))
            for column in order
            if excess[column] > self.most_outside
        ]

    def _nearest(self, column: int, value: float) -> float | None:
        if column in self.codes or np.isnan(value):
            return None
        return float(self.greatest[column] if value > self.greatest[column] else self.least[column])


EVERYTHING = Familiarity(np.zeros(0), np.zeros(0), np.zeros(0, bool), {}, NEVER_SEEN, 1e9)
"""Of a model about which nothing was learned: every lead passes."""


def _was_seen(codes: Floats, seen: Bools) -> Bools:
    """Whether training had each code; `seen` ends with all greater codes, which it had not, and with not known."""
    place = np.where(np.isnan(codes), len(seen) - 1, np.clip(codes, 0, len(seen) - 2)).astype(np.int64)
    return seen[place]


def learn_familiarity(
    values: Floats, categorical: Sequence[int], order: Ints, sums: Floats, share: float
) -> Familiarity:
    """Familiarity of the training rows `values` (n, features), such that about `share` of rows like them fail.

    `order` sorts rows as they came: later ones are compared with earlier ones, as in use. `sums` are their leaf sums.
    Half of the share goes to values, half to combinations.
    """
    whole = _seen_in(values, categorical)
    cuts = np.linspace(FIRST, 1, BLOCKS + 1) * len(order)
    beyond = [np.zeros(1)]
    for start, stop in zip(cuts[:-1].astype(int), cuts[1:].astype(int), strict=True):
        if 0 < start < stop:
            beyond.append(_seen_in(values[order[:start]], categorical).outside(values[order[start:stop]]))
    most = float(np.quantile(np.concatenate(beyond), 1 - share / 2, method="higher"))
    widest = float(np.quantile(sums, 1 - share / 2, method="higher"))
    return Familiarity(whole.least, whole.greatest, whole.may_lack, whole.codes, round(most, DIGITS), widest)


def _seen_in(values: Floats, categorical: Sequence[int]) -> Familiarity:
    lacks = np.isnan(values)
    least = np.where(lacks, np.inf, values).min(axis=0)
    greatest = np.where(lacks, -np.inf, values).max(axis=0)
    may_lack: Bools = np.asarray(lacks.any(axis=0))
    codes = {}
    for column in categorical:
        known = values[~lacks[:, column], column].astype(np.int64)
        codes[column] = np.append(np.bincount(known) > 0, [False, may_lack[column]])
        least[column], greatest[column], may_lack[column] = -np.inf, np.inf, True
    return Familiarity(least, greatest, may_lack, codes, 0.0, np.inf)


def familiarity_json(familiarity: Familiarity) -> dict[str, Any]:
    """Plain values for `uncertainty.json`; null where a column has no least or greatest."""
    return {
        "least": _finite(familiarity.least),
        "greatest": _finite(familiarity.greatest),
        "may_lack": familiarity.may_lack.tolist(),
        "codes": {str(column): seen.tolist() for column, seen in familiarity.codes.items()},
        "most_outside": familiarity.most_outside,
        "widest": familiarity.widest,
    }


def familiarity_from_json(value: Mapping[str, Any]) -> Familiarity:
    """Familiarity from `familiarity_json`'s value."""
    return Familiarity(
        _bounds(value["least"], -np.inf),
        _bounds(value["greatest"], np.inf),
        np.array(value["may_lack"], bool),
        {int(column): np.array(seen, bool) for column, seen in value["codes"].items()},
        float(value["most_outside"]),
        float(value["widest"]),
    )


def _finite(bounds: Floats) -> list[float | None]:
    return [float(bound) if np.isfinite(bound) else None for bound in bounds]


def _bounds(values: Sequence[float | None], none: float) -> Floats:
    return np.array([none if value is None else value for value in values], np.float64)
