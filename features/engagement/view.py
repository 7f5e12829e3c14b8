"""View: the events of leads or accounts as they are seen from snapshots, with what several families share."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
from numba import njit

from features.event_log import EventLog
from features.windows import Bools, Floats, Ints, Span, history, prefix_sums, window_start

Column = Literal["kind", "topic", "direction"]
Counts = npt.NDArray[np.int32]


@dataclass(frozen=True)
class View:
    """Events of owners seen from snapshots: `owner` (number in `log`) and `as_of` have one entry per snapshot.

    Snapshots are sorted by (owner, as_of), so that every window only moves forward within an owner. `kind` and
    `topic` are the events' codes in the catalog's vocabulary (the code after the last is "other", −1 none).
    """

    log: EventLog
    owner: Ints
    as_of: Ints
    kind: Ints
    topic: Ints
    n_kinds: int
    _spans: dict[int | None, Span] = field(default_factory=dict)
    _counts: dict[tuple[Column, int | None], Counts] = field(default_factory=dict)
    _sums: dict[str, Ints] = field(default_factory=dict)
    _runs: dict[str, tuple[Ints, Bools]] = field(default_factory=dict)
    _since: dict[Column, Floats] = field(default_factory=dict)
    _gaps: list[tuple[Ints, Ints, Floats, Ints]] = field(default_factory=list)

    def span(self, days: int | None) -> Span:
        """Events in the last `days` before as_of (None: all before it); each window is searched for once."""
        if days not in self._spans:
            past = self._spans.get(None) or history(self.log.segments, self.owner, self.as_of)
            self._spans[None] = past
            if days is not None:
                first = window_start(self.log.segments, self.owner, self.as_of, days)
                self._spans[days] = Span(first, past.stop)
        return self._spans[days]

    def codes(self, column: Column) -> tuple[Ints, int]:
        """The events' codes in `column`, and the number of codes; other codes (−1: none) count nowhere."""
        if column == "kind":
            return self.kind, self.n_kinds + 1
        if column == "topic":
            return self.topic, int(self.topic.max(initial=-1)) + 1
        return self.log.direction, 2

    def counts(self, column: Column, days: int | None) -> Counts:
        """Number of events of each code (rows) in the window of each snapshot (columns); counted once."""
        key = (column, days)
        if key not in self._counts:
            span, (code, n) = self.span(days), self.codes(column)
            self._counts[key] = _counts_by_code(self.owner, span.first, span.stop, code, n)
        return self._counts[key]

    def sums(self, name: str, values: npt.NDArray[np.generic]) -> Ints:
        """Prefix sums of `values` (one per event), kept under `name`."""
        if name not in self._sums:
            self._sums[name] = prefix_sums(values)
        return self._sums[name]


@njit(cache=True, nogil=True)
def _counts_by_code(owner: Ints, first: Ints, stop: Ints, code: Ints, n: int) -> Counts:
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
