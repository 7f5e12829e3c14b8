"""Rows of events column by column, as they come in by the door: made records only where these are to lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from features.event_records import FIELDS, WORD, Column, Records, Words, copy_record, taken
from features.windows import Bools, Ints

ABSENT = -1
WIDTHS = (8, 4, 1)
# So many records are made at once and stay in the fastest cache until they are moved.
TOGETHER = 256
EVERY = np.empty(0, np.bool_)
Views = tuple[Words, Column, Column]
Given = tuple[int, tuple[Column, ...], Ints]


@dataclass(frozen=True, slots=True)
class EventRows:
    """Rows from number `first` on; `columns` has every field of the record type but `row`, in its own kind.

    `used` says which rows count (`EVERY`: all).
    """

    columns: Mapping[str, Column]
    first: int
    dtype: np.dtype[np.void]
    used: Bools

    def __len__(self) -> int:
        return len(self.columns["time"])

    def records(self) -> Records:
        """Records of the rows that count."""
        every = self._every()
        return taken(every, np.flatnonzero(self.used)) if len(self.used) else every

    def taken(self, positions: Ints) -> Records:
        """Records of the rows at some positions."""
        return taken(self._every(), positions) if len(positions) else np.empty(0, self.dtype)

    def place(self, group: Ints, at: Ints, room: Words) -> Ints:
        """Write the record of each row to the next row of its group's room, as `features.event_records.place` does.

        Rows of group −1 are left out.
        """
        left, some = np.empty(len(group), np.int64), np.empty((TOGETHER, room.shape[2]), np.int64)
        placed = room.reshape(-1, room.shape[2]), room.shape[1]
        return left[: _place(self._given(), _views(some), group, at, placed, left)]

    def _every(self) -> Records:
        words = np.empty((len(self), self.dtype.itemsize // WORD), np.int64)
        _pack(self._given(), _views(words))
        return words.reshape(-1).view(self.dtype)

    def _given(self) -> Given:
        """The first row's number, the columns, and where each field lies among those of eight, four and one bytes."""
        fields: Mapping[str, Any] = self.dtype.fields or {}
        columns = tuple(self.columns[name] if name in fields else np.empty(0, kind) for name, kind in FIELDS[1:])
        at = np.full((len(FIELDS), len(WIDTHS)), ABSENT)
        for number, (name, _) in enumerate(FIELDS):
            if name in fields:
                kind, offset = fields[name]
                at[number, WIDTHS.index(kind.itemsize)] = offset // kind.itemsize
        return self.first, columns, at


def _views(words: Words) -> Views:
    return words, words.view(np.int32), words.view(np.int8)


@njit(cache=True, nogil=True)
def _pack(given: Given, views: Views) -> None:
    words, halves, octets = views
    for a in range(0, len(words), TOGETHER):
        b = min(a + TOGETHER, len(words))
        _make(given, (words[a:b], halves[a:b], octets[a:b]), a)


@njit(cache=True, nogil=True)
def _place(given: Given, views: Views, group: Ints, free: Ints, room: tuple[Words, int], left: Ints) -> int:
    """Make some records at a time and move them; how many positions `left` has of rows without room."""
    (some, halves, octets), (moved, rows), without = views, room, 0
    for a in range(0, len(group), TOGETHER):
        n = min(TOGETHER, len(group) - a)
        _make(given, (some[:n], halves[:n], octets[:n]), a)
        for i in range(n):
            g = group[a + i]
            if g < 0:
                continue
            if free[g] == rows:
                left[without] = a + i
                without += 1
                continue
            copy_record(some, i, moved, g * rows + free[g])
            free[g] += 1
    return without


@njit(cache=True, nogil=True)
def _make(given: Given, views: Views, a: int) -> None:
    """Make the records of the rows from position `a` on, as many as `views` have room for."""
    (words, halves, octets), (first, columns, at) = views, given
    time, duration, value, rest, lead, account, kind, topic, direction = columns
    words[:] = 0
    _number(first + a, at[0, 0], words)
    _number(first + a, at[0, 1], halves)
    _fill(time, at[1, 0], words, a)
    _fill(duration, at[2, 0], words, a)
    _fill(duration, at[2, 1], halves, a)
    _fill(value, at[3, 0], words, a)
    _fill(rest, at[4, 0], words, a)
    _fill(lead, at[5, 1], halves, a)
    _fill(account, at[6, 1], halves, a)
    _fill(kind, at[7, 1], halves, a)
    _fill(topic, at[8, 1], halves, a)
    _fill(direction, at[9, 2], octets, a)


@njit(cache=True, nogil=True)
def _number(first: int, at: int, view: Column) -> None:
    if at >= 0:
        for i in range(len(view)):
            view[i, at] = first + i


@njit(cache=True, nogil=True)
def _fill(column: Column, at: int, view: Column, a: int) -> None:
    if at >= 0:
        for i in range(len(view)):
            view[i, at] = column[a + i]
