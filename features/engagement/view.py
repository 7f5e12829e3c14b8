"""View: the events of leads or accounts as they are seen from snapshots, with what several families share."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
from numba import njit

from features.event_log import EventColumn, EventLog
from features.windows import Few, Floats, Ints, Span, spans

Column = Literal["kind", "topic", "direction"]
Codes = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int32]


@dataclass(frozen=True)
class View:
    """Events of owners seen from snapshots: `owner` (number in `log`) and `as_of` have one entry per snapshot.

    Snapshots are sorted by (owner, as_of), so that every window only moves forward within an owner. `kind_codes` and
    `topic_codes` give the code in the catalog's vocabulary (the code after the last is "other", −1 none) of each code
    of `log`, the last entry that of −1. `windows` are those that will be asked for, in days.
    """

    log: EventLog
    owner: Ints
    as_of: Ints
    kind_codes: Codes
    topic_codes: Codes
    n_kinds: int
    windows: tuple[int, ...] = ()
    _spans: dict[int | None, Span[Few]] = field(default_factory=dict)
    _counts: dict[tuple[Column, int | None], Counts] = field(default_factory=dict)
    _sums: dict[str, EventColumn] = field(default_factory=dict)
    _gaps: list[tuple[Ints, Ints, Floats, Ints]] = field(default_factory=list)

    @cached_property
    def kind(self) -> Codes:
        """Code of each event's kind."""
        return _recoded(self.kind_codes, self.log.kind)

    @cached_property
    def topic(self) -> Codes:
        """Code of each event's topic."""
        return _recoded(self.topic_codes, self.log.topic)

    @cached_property
    def direction(self) -> Codes:
        """Code of each event's direction."""
        return self.log.direction.astype(np.int32)

    def span(self, days: int | None) -> Span[Few]:
        """Events in the last `days` before as_of (None: all before it); all windows are searched for at once."""
        if days not in self._spans:
            asked = self.windows if days is None or days in self.windows else (days,)
            self._spans.update(spans(self.log.segments, self.owner, self.as_of, asked))
        return self._spans[days]

    def codes(self, column: Column) -> Codes:
        """The events' codes in `column`, −1 for none."""
        if column == "kind":
            return self.kind
        return self.topic if column == "topic" else self.direction

    def number(self, column: Column) -> int:
        """Number of codes in `column`; other codes count nowhere."""
        if column == "kind":
            return self.n_kinds + 1
        return int(self.topic.max(initial=-1)) + 1 if column == "topic" else 2

    def counts(self, column: Column, days: int | None) -> Counts:
        """Number of events of each code (rows) in the window of each snapshot (columns); counted once."""
        key = (column, days)
        if key not in self._counts:
            span = self.span(days)
            self._counts[key] = _counts_by_code(
                self.owner, span.first, span.stop, self.codes(column), self.number(column)
            )
        return self._counts[key]


@njit(cache=True, nogil=True)
def _recoded(codes: Codes, code: EventColumn) -> Codes:
    """The entry of `codes` for each code, the last for −1."""
    found = np.empty(len(code), np.int32)
    for i in range(len(code)):
        found[i] = codes[code[i]]
    return found


@njit(cache=True, nogil=True)
def _counts_by_code(owner: Ints, first: Few, stop: Few, code: Codes, n: int) -> Counts:
    """A window slides over each owner's events; what enters is added and what leaves is taken away."""
    result = np.empty((n, len(owner)), np.int32)
    inside = np.zeros(n, np.int32)
    low = high = 0
    for i in range(len(owner)):
        if i == 0 or owner[i] != owner[i - 1]:
            inside[:] = 0
            low = high = first[i]
        while high < stop[i]:
            if 0 <= code[high] < n:
                inside[code[high]] += 1
            high += 1
        while low < first[i]:
            if 0 <= code[low] < n:
                inside[code[low]] -= 1
            low += 1
        for k in range(n):
            result[k, i] = inside[k]
    return result
