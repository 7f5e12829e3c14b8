"""Row accounting of interactions that pass in batches: what was read, used and quarantined, and why."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
import pandas as pd
import pyarrow as pa

from features.drafts import BadRows, Draft, Rejected, bad_rows, reasons_of, reject
from features.errors import InputContractError
from features.event_codes import Labels
from features.event_door import Coded, EventDoor, doubt_notes
from features.event_source import EventSource
from features.schema import TableCount
from features.vocabulary import direction_notes, kind_notes
from features.windows import NEVER, Ints


@dataclass
class Accounting:
    """Counts over all batches; `add` may be called by several threads."""

    source: EventSource
    latest: int = NEVER
    kinds: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    left_out: dict[str, int] = field(default_factory=dict)
    directions: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    reasons: Counter[str] = field(default_factory=Counter)
    blamed: Counter[str] = field(default_factory=Counter)
    _bad: dict[int, BadRows] = field(default_factory=dict)
    doubts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        found = Counter(row.reason for row in self.source.unreadable)
        self.reasons, self.blamed = found.copy(), found.copy()

    def add(self, coded: Coded, first: int) -> None:
        """Count a batch whose first row has the number `first`."""
        self.leave_out(coded.left_out)
        with self._lock:
            self._reject(coded.draft, first)
            self.doubts += coded.doubts
            self.examples = {**coded.examples, **self.examples}
            self.kinds = _sum(self.kinds, coded.kinds)
            self.directions = _sum(self.directions, coded.directions)
            self.latest = max(self.latest, coded.latest)

    def leave_out(self, counts: Mapping[str, int]) -> None:
        """Count usable rows that hygiene leaves out."""
        with self._lock:
            for rule, count in counts.items():
                self.left_out[rule] = self.left_out.get(rule, 0) + count

    def reject_rows(self, numbers: Ints, fault: Rejected) -> None:
        """Quarantine rows found later, by their numbers (ascending)."""
        if len(numbers) == 0:
            return
        rows = self.source.take(numbers)
        alive = np.ones(len(numbers), np.bool_)
        names = {name: name for name in self.source.schema.names}
        draft = Draft(rows, pd.DataFrame(index=pd.RangeIndex(len(numbers))), names, (), alive)
        with self._lock:
            self._reject(reject(draft, alive.copy(), fault), int(numbers[0]))

    def _reject(self, draft: Draft, first: int) -> None:
        found = bad_rows(draft)
        if found is not None:
            self._bad[first] = _both(self._bad[first], found) if first in self._bad else found
            self.reasons += reasons_of(draft)
            self.blamed += reasons_of(draft, blamed_only=True)

    def refuse_if_mostly_bad(self) -> None:
        """Stop when more than half of the rows cannot be used: the table is wrong as a whole.

        Raises:
            InputContractError: naming the most frequent reason with an example.
        """
        read, bad = self._read, sum(self.blamed.values())
        if bad * 2 <= read:
            return
        reason, count = self.blamed.most_common(1)[0]
        raise InputContractError(
            f"interactions: {bad:,} of {read:,} rows of {self.source.origin} cannot be used, so the table is refused "
            f"as a whole. Most often ({count:,}): {self._example(reason)}"
        )

    @property
    def _read(self) -> int:
        return self.source.rows + len(self.source.unreadable)

    def _example(self, reason: str) -> str:
        for row in self.source.unreadable:
            if row.reason == reason:
                return f"{reason}, such as {row.file} line {row.line}: {row.text!r}. Expected {row.expected}"
        faults = pd.concat([bad.faults for _, bad in sorted(self._bad.items())])
        first = faults[faults["reason"] == reason].iloc[0]
        return (
            f"{reason}, such as {first['file']} line {first['line']}: {first['value']!r}. Expected {first['expected']}"
        )

    def count(self) -> TableCount:
        """Row accounting: read = used + quarantined; most frequent reasons first."""
        quarantined = sum(self.reasons.values())
        reasons = sorted(self.reasons.items(), key=lambda item: (-item[1], item[0]))
        return TableCount("interactions", self._read, self._read - quarantined, quarantined, dict(reasons))

    def bad_rows(self) -> BadRows | None:
        """The quarantined rows in the order of the source."""
        parts = [bad for _, bad in sorted(self._bad.items())]
        if not parts and not self.source.unreadable:
            return None
        rows = pa.concat_tables([part.rows for part in parts], promote_options="permissive") if parts else pa.table({})
        faults = pd.concat([part.faults for part in parts], ignore_index=True) if parts else pd.DataFrame()
        return BadRows("interactions", rows, faults, self.source.unreadable)

    def notes(self, door: EventDoor, layout_notes: tuple[str, ...]) -> tuple[str, ...]:
        """What people should know about the rows that are used."""
        configured: Mapping[str, float] = door.project.points.kinds
        return (
            *layout_notes,
            *doubt_notes(self.doubts, self.examples),
            *kind_notes(_named(self.kinds, door.kinds), configured),
            *direction_notes(_named(self.directions[1:], door.directions)),
        )


def _sum(a: Ints, b: Ints) -> Ints:
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    return longer + np.pad(shorter, (0, len(longer) - len(shorter)))


def _named(counts: Ints, labels: Labels) -> pd.Series:
    named = {name: int(counts[code]) for name, code in labels.codes.items() if code < len(counts) and counts[code]}
    return pd.Series(named, dtype=np.int64).sort_values(ascending=False)


def _both(a: BadRows, b: BadRows) -> BadRows:
    rows = pa.concat_tables([a.rows, b.rows], promote_options="permissive")
    return BadRows(a.table, rows, pd.concat([a.faults, b.faults], ignore_index=True), ())
