"""Counts: how many interactions, of all kinds or of one kind, topic or direction."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np
from numba import njit

from features.engagement.view import Codes, Column, Counts, View
from features.windows import Few, Ints

DIRECTIONS = ("inbound", "outbound")
# The counts of so many snapshots stay in the fastest cache.
TOGETHER = 128


@dataclass(frozen=True, slots=True)
class CountTable:
    """Counts by the codes of one column of events: number j is that of `slot[j]` in the window `window[j]`.

    `slot_of` gives the slot of each code (−1: not counted), `windows` the windows in days (None: all the past).
    """

    of: Column
    windows: tuple[int | None, ...]
    slot_of: Codes
    window: Ints
    slot: Ints


def count_table(of: Column, asked: Sequence[tuple[int, int | None]]) -> CountTable:
    """The table of the asked (code, days)."""
    codes, windows = sorted({code for code, _ in asked}), tuple(dict.fromkeys(days for _, days in asked))
    slot_of = np.full(codes[-1] + 1, -1, np.int32)
    slot_of[codes] = np.arange(len(codes))
    window = np.array([windows.index(days) for _, days in asked])
    return CountTable(of, windows, slot_of, window, slot_of[[code for code, _ in asked]].astype(np.int64))


def fill_counts(view: View, table: CountTable, columns: Ints, values: Counts) -> None:
    """Fill the chosen columns of `values` (one row per snapshot) with the counts of `table`, in one look at events."""
    spans = [view.span(days) for days in table.windows]
    past, first = view.span(None), np.stack([span.first for span in spans])
    outputs = table.window, table.slot, columns
    _fill_counts(view.owner, (past.first, first, past.stop), view.codes(table.of), table.slot_of, outputs, values)


@njit(cache=True, nogil=True)
def _fill_counts(
    owner: Ints,
    spans: tuple[Few, Few, Few],
    code: Codes,
    slot_of: Codes,
    outputs: tuple[Ints, Ints, Ints],
    values: Counts,
) -> None:
    """Per slot what has come so far, and per window what has left it: their difference is what the window holds.

    What some snapshots after another show is written together, column by column.
    """
    (begin, first, stop), (window, slot, column) = spans, outputs
    n, none = len(first), slot_of.max() + 1
    of, held = np.empty(len(code), np.uint16), np.empty((n, none, TOGETHER), np.int32)
    for i in range(len(code)):
        known = 0 <= code[i] < len(slot_of) and slot_of[code[i]] >= 0
        of[i] = slot_of[code[i]] if known else none
    come, left, low = np.zeros(none + 1, np.int32), np.zeros((n, none + 1), np.int32), np.zeros(n, np.int64)
    high = 0
    for i in range(len(owner)):
        if i == 0 or owner[i] != owner[i - 1]:
            come[:] = 0
            left[:] = 0
            high = begin[i]
            low[:] = high
        while high < stop[i]:
            come[of[high]] += 1
            high += 1
        at = i % TOGETHER
        for w in range(n):
            for gone in range(low[w], first[w, i]):
                left[w, of[gone]] += 1
            low[w] = first[w, i]
            for k in range(none):
                held[w, k, at] = come[k] - left[w, k]
        if at == TOGETHER - 1 or i == len(owner) - 1:
            for j in range(len(column)):
                _put(held[window[j], slot[j]], values[i - at : i + 1, column[j]])


@njit(cache=True, nogil=True)
def _put(held: Few, values: Counts) -> None:
    for i in range(len(values)):
        values[i] = held[i]


def count(view: View, of: str | None, days: int | None) -> Few:
    """Number of interactions in the window: |{e : as_of − days ≤ t_e < as_of, e is `of`}|.

    `of` is `kind:CODE`, `topic:CODE`, `direction:inbound`, `direction:outbound`, or None for all.
    """
    if of is None:
        return view.span(days).count
    column, code = selection(of)
    counts = view.counts(column, days)
    return counts[code] if code < len(counts) else np.zeros(len(view.owner), np.int32)


@cache
def selection(of: str) -> tuple[Column, int]:
    """Column and code that `of` names."""
    column, _, wanted = of.partition(":")
    return cast(Column, column), DIRECTIONS.index(wanted) if column == "direction" else int(wanted)
