"""The door of interactions: each batch checked row by row and turned into numbers, so that any amount can pass.

The rules are those of every table (`features.door`, `features.links`): cells that are required and readable, times in
range and not after the end, leads and accounts that exist. Rows that repeat others are found later, when all rows of
a lead are together (`features.repeats`).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa

from features.door import reading_of, refuse_naive_at
from features.drafts import Draft, fault, reject, shown_value
from features.event_codes import (
    Codes,
    KnownIds,
    Labels,
    amounts,
    direction_codes,
    id_positions,
    label_codes,
    plain_instants,
    rest_hash,
)
from features.event_records import FIELDS, Column, FieldKinds, no_duration, record_type
from features.event_rows import EVERY, EventRows
from features.histories import NOT_GIVEN, OUTBOUND
from features.hygiene import BY_REP, Unwanted
from features.layout import Layout
from features.links import ACCOUNT_ORPHAN, LEAD_ORPHAN, after_end
from features.plain_cells import counted, whole_numbers, write_positions
from features.project import Project
from features.sources import SourceTable
from features.times import Mask, microseconds
from features.traffic import NO_RULE, RowFacts, made_by_reps, unwanted_rows
from features.values import clean_text, parse
from features.vocabulary import rows
from features.windows import NEVER, Bools, Ints

# Which field a source column fills; a field whose column is not there is left out of the records.
SOURCE_OF = {"account": "account_id", "topic": "topic", "direction": "direction", "duration": "duration_s",
             "value": "value"}  # fmt: skip
NOTHING = np.zeros(0, np.int64)
CARRIED = ("lead_id", "account_id", "occurred_at", "kind", "topic", "direction", "duration_s", "value")


@dataclass(frozen=True, slots=True)
class EventDoor:
    """What batches are checked against, and the labels met so far.

    `accounts` indexes all known accounts; `account_number` gives the number each has in the histories (those without
    leads come after all that have some) and `account_of_lead` that of each lead's own account (−1 without one);
    `internal` marks test leads. Rows after `end` are rejected; `chosen` tells whether the project file sets that end.
    `record_fields` are those that records can have.
    """

    project: Project
    layout: Layout
    leads: KnownIds
    accounts: KnownIds
    account_number: Ints
    account_of_lead: Ints
    internal: Mask
    end: datetime
    chosen: bool
    record_fields: FieldKinds = FIELDS
    kinds: Labels = field(default_factory=Labels)
    topics: Labels = field(default_factory=Labels)
    directions: Labels = field(default_factory=Labels)

    @property
    def columns(self) -> tuple[str, ...]:
        """Source columns to read."""
        return (*dict.fromkeys(self.layout.canonical.values()), *self.layout.others)

    @property
    def dtype(self) -> np.dtype[np.void]:
        """Fields of the records that this source fills."""
        has_rest = bool(self.layout.others or self._uncarried)
        absent = {name for name, column in SOURCE_OF.items() if column not in self.layout.canonical}
        absent |= set() if has_rest else {"rest"}
        if self.project.hygiene.without_reps:
            absent.discard("direction")  # it carries the mark
        return record_type(frozenset(absent), self.record_fields)

    @property
    def _uncarried(self) -> list[str]:
        return [column for name, column in self.layout.canonical.items() if name not in CARRIED]

    @property
    def rest(self) -> list[str]:
        """Source columns that only tell rows apart."""
        return [*self.layout.others, *self._uncarried]


@dataclass(frozen=True, slots=True)
class Coded:
    """A batch that has passed the door: its usable rows, its draft, and what people should know.

    `doubts` counts values that are not used, with an example of each; `kinds` counts usable rows by label code,
    `directions` by label code + 1. `left_out` counts usable rows that hygiene leaves out of `rows`. `latest` is the
    time of the latest row.
    """

    rows: EventRows
    draft: Draft
    doubts: Counter[str]
    examples: dict[str, str]
    kinds: Ints
    directions: Ints
    left_out: Mapping[str, int]
    latest: int


def code_batch(door: EventDoor, source: SourceTable, first: int) -> Coded:
    """The usable rows of a batch whose first row has the number `first`.

    Raises:
        InputContractError: a time without a zone where the project names none.
    """
    n = source.rows.num_rows
    draft = Draft(
        source=source,
        frame=pd.DataFrame(index=pd.RangeIndex(n)),
        names=door.layout.canonical,
        others=door.layout.others,
        alive=np.ones(n, np.bool_),
    )
    batch = _Batch(door, draft, n)
    for step in (_times, _labels, _amounts, _owners, _after_end):
        step(batch)
    if door.rest:
        batch.columns["rest"] = rest_hash([source.rows[name] for name in door.rest], n)
    unwanted = _left_out(batch)
    rows = EventRows(batch.columns, first, door.dtype, _used(batch, unwanted.mask))
    return Coded(
        rows=rows,
        draft=batch.draft,
        doubts=batch.doubts,
        examples=batch.examples,
        kinds=batch.counts("kind", len(door.kinds.codes))[1:],
        directions=batch.counts("direction", len(door.directions.codes)) if "direction" in batch.codes else NOTHING,
        left_out=unwanted.counts,
        latest=int(batch.columns["time"][rows.used].max(initial=NEVER)) if len(rows.used) else batch.latest,
    )


@dataclass(slots=True)
class _Batch:
    door: EventDoor
    draft: Draft
    rows: int
    columns: dict[str, Column] = field(default_factory=dict)
    doubts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    codes: dict[str, Codes] = field(default_factory=dict)
    latest: int = NEVER

    def cells(self, name: str) -> pa.ChunkedArray | None:
        column = self.door.layout.canonical.get(name)
        return None if column is None else self.draft.source.rows[column]

    def reject(self, mask: Mask, column: str, reason: str, expected: str) -> None:
        self.draft = reject(self.draft, mask, fault(column, reason, expected))

    def counts(self, name: str, labels: int) -> Ints:
        """Usable rows by label code + 1."""
        return counted(self.codes[name], self.draft.alive if self.draft.rejected else None, labels)

    def doubt(self, name: str, what: str, mask: Mask) -> None:
        """Count usable rows with a value that is not used, and keep the first as an example."""
        if mask.any():
            self.doubts[what] += int(mask.sum())
            position = int(np.argmax(mask))
            shown = f"{self.draft.source.place(position)}: {shown_value(self.draft, name, position)!r}"
            self.examples.setdefault(what, shown)


def _times(batch: _Batch) -> None:
    cells, reading = batch.cells("occurred_at"), reading_of(batch.door.project, "interactions", "occurred_at")
    plain = plain_instants(cells, reading)
    if plain is not None:
        batch.latest = int(plain.max(initial=NEVER))
        batch.columns["time"] = plain
        return
    parsed = parse(cells, "time", reading)
    if parsed.naive is not None and parsed.naive.any():
        refuse_naive_at(batch.draft, "occurred_at", int(np.argmax(parsed.naive)))
    for found in parsed.faults:
        batch.reject(found.mask, "occurred_at", f"occurred_at is {found.reason}", found.expected)
    missing = parsed.values.isna().to_numpy()
    batch.reject(missing, "occurred_at", "occurred_at is missing", "a value in every row")
    times = microseconds(parsed.values)
    batch.latest = int(times.max(initial=NEVER))
    batch.columns["time"] = times


def _labels(batch: _Batch) -> None:
    door = batch.door
    for name, labels in (("kind", door.kinds), ("topic", door.topics), ("direction", door.directions)):
        cells = batch.cells(name)
        if cells is None:
            continue
        codes = label_codes(cells, reading_of(door.project, "interactions", name), labels)
        batch.codes[name] = codes
        if name == "kind" and codes.min(initial=0) == NOT_GIVEN:
            batch.reject(codes == NOT_GIVEN, "kind", "kind is missing", "a value in every row")
        batch.columns[name] = direction_codes(codes, labels) if name == "direction" else codes


def _amounts(batch: _Batch) -> None:
    dtype = batch.door.dtype
    for name, target in (("duration_s", "duration"), ("value", "value")):
        cells = batch.cells(name)
        if cells is None:
            continue
        absent = no_duration(dtype) if target == "duration" else 0
        reading = reading_of(batch.door.project, "interactions", name)
        batch.columns[target], unreadable = amounts(name, cells, reading, (dtype[target], absent))
        if len(unreadable):
            unused = unreadable & batch.draft.alive
            batch.doubt(name, f"interactions.{name}: unreadable values, used as missing", unused)


def _owners(batch: _Batch) -> None:
    door, named = batch.door, "account" in (batch.door.dtype.names or ())
    if not named and _all_of_known_leads(batch):
        return
    lead, lead_given = _positions(batch, "lead_id", door.leads)
    account, account_given = _positions(batch, "account_id", door.accounts)
    expected = "a lead_id or an account_id in every row"
    batch.reject(~lead_given & ~account_given, "lead_id", "neither lead_id nor account_id", expected)
    batch.draft = reject(batch.draft, lead_given & (lead < 0), LEAD_ORPHAN)
    batch.draft = reject(batch.draft, ~lead_given & (account < 0), ACCOUNT_ORPHAN)
    batch.columns["lead"] = lead.astype(np.int32)
    if not named:
        return
    alive = batch.draft.alive
    strange = "interactions.account_id: rows of known leads with an account that is in neither accounts nor leads"
    batch.doubt("account_id", strange, account_given & (account < 0) & alive)
    number = np.append(door.account_number, NOT_GIVEN)[account]
    of_lead = np.append(door.account_of_lead, NOT_GIVEN)[lead]
    other = (of_lead >= 0) & (account >= 0) & (number != of_lead) & alive
    batch.doubt("account_id", "interactions.account_id: rows with another account than the lead's", other)
    batch.columns["account"] = np.where(lead >= 0, NOT_GIVEN, number).astype(np.int32)


def _all_of_known_leads(batch: _Batch) -> bool:
    """Whether every row names a known lead, as a number; then they are written."""
    cells = batch.cells("lead_id")
    numbers = whole_numbers(cells) if cells is not None and batch.door.leads.plain else None
    batch.columns["lead"] = np.empty(batch.rows, np.int32)
    return numbers is not None and write_positions(batch.door.leads.index.numbers, numbers, batch.columns["lead"])


def _positions(batch: _Batch, name: str, known: KnownIds) -> tuple[Ints, Mask]:
    cells = batch.cells(name)
    if cells is None:
        return np.full(batch.rows, NOT_GIVEN, np.int64), np.zeros(batch.rows, np.bool_)
    return id_positions(known, cells)


def _after_end(batch: _Batch) -> None:
    door, end = batch.door, int(pd.Timestamp(batch.door.end).value // 1000)
    if batch.latest <= end:
        return
    late = batch.columns["time"] > end
    batch.draft = reject(batch.draft, late, after_end("occurred_at", pd.Timestamp(door.end), chosen=door.chosen))


def _left_out(batch: _Batch) -> Unwanted:
    """The usable rows that hygiene leaves out; those that sales made are marked where they are to be left out later."""
    rules = batch.door.project.hygiene
    if not rules.enabled:
        return NO_RULE
    facts = _facts(batch)
    if rules.without_reps:
        _mark_reps(batch, made_by_reps(facts, rules))
    return unwanted_rows(facts, batch.draft.alive, rules)


def _used(batch: _Batch, unwanted: Bools) -> Bools:
    """The rows that are used."""
    if not batch.draft.rejected and not unwanted.any():
        return EVERY
    return batch.draft.alive & ~unwanted if len(unwanted) else batch.draft.alive


def _mark_reps(batch: _Batch, made: Mask) -> None:
    direction = batch.columns.get("direction", np.full(batch.rows, NOT_GIVEN, np.int8))
    batch.columns["direction"] = direction + np.int8(BY_REP) * made


def _facts(batch: _Batch) -> RowFacts:
    """What hygiene looks at in single rows (see `features.traffic`)."""
    door, columns = batch.door, batch.columns
    rep_kinds = [door.kinds.codes[name] for name in door.project.hygiene.rep_kinds if name in door.kinds.codes]
    cells = batch.cells("actor")
    texts = None if cells is None else clean_text(cells, reading_of(door.project, "interactions", "actor"))
    return RowFacts(
        time=columns["time"].astype(np.int64, copy=False),
        actor=None if texts is None else texts.to_pandas(),
        outbound=columns["direction"] == OUTBOUND if "direction" in batch.codes else np.zeros(batch.rows, np.bool_),
        of_rep_kind=np.isin(batch.codes["kind"], rep_kinds),
        internal=np.append(door.internal, False)[columns["lead"]],
    )


def doubt_notes(doubts: Counter[str], examples: dict[str, str]) -> tuple[str, ...]:
    """Notes for people on values that are not used."""
    return tuple(f"{what} ({rows(count)}), such as {examples[what]}" for what, count in sorted(doubts.items()))
