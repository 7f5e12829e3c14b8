"""Stage events: what happened to leads, as rows of an append-only log and as values."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

import pyarrow as pa

from serving.lifecycle.machine import Action, Stage

By = Literal["rule", "model", "both", "person", "record"]
"""Who is behind an event: points and frameworks, the model, both, somebody by name, or a row of deals or leads."""
WORD = pa.dictionary(pa.int32(), pa.string())
MOMENT = pa.timestamp("us", tz="UTC")
EVENTS = pa.schema(
    [
        ("lead_id", pa.string()),
        ("at", MOMENT),  # null: not dated, known from the beginning
        ("action", WORD),
        ("from_stage", WORD),  # as it was known when the event was recorded; null: not known then
        ("to_stage", WORD),  # null: the action does not move the lead
        ("by", WORD),
        ("actor", WORD),
        ("reason", WORD),
        ("until", MOMENT),  # of recycle, reject and snooze
        ("owner", WORD),  # of reassign
        ("into", pa.string()),  # of merge: the lead that goes on
        ("deals", pa.int8()),  # by how many the number of open deals changes
        ("score", pa.int64()),  # from here on: what was known then
        ("propensity", pa.float64()),
        ("points", pa.float64()),
        ("framework", WORD),
        ("verdict", WORD),
        ("evidence", WORD),
        ("model_version", WORD),
        ("policy_version", WORD),
        ("recorded_at", MOMENT),  # when the row was appended; null: derived from decisions, deals and leads
    ]
)


@dataclass(frozen=True, slots=True)
class StageEvent:
    """One event of a lead; the fields are the columns of `EVENTS`."""

    lead_id: str
    at: datetime | None
    action: Action
    from_stage: Stage | None = None
    to_stage: Stage | None = None
    by: By = "record"
    actor: str | None = None
    reason: str | None = None
    until: datetime | None = None
    owner: str | None = None
    into: str | None = None
    deals: int = 0
    score: int | None = None
    propensity: float | None = None
    points: float | None = None
    framework: str | None = None
    verdict: str | None = None
    evidence: str | None = None
    model_version: str | None = None
    policy_version: str | None = None
    recorded_at: datetime | None = None


def events_table(events: Iterable[StageEvent]) -> pa.Table:
    """Events as a table with the columns `EVENTS`, in their order."""
    return pa.Table.from_pylist([asdict(event) for event in events], schema=EVENTS)


def events_of(table: pa.Table) -> tuple[StageEvent, ...]:
    """The rows of a table with (at least) the columns `EVENTS` as values."""
    return tuple(StageEvent(**row) for row in table.select(EVENTS.names).to_pylist())


def filled(columns: dict[str, pa.Array], rows: int) -> pa.Table:
    """A table with the columns `EVENTS` from some of them; the others are null (`deals`: 0)."""
    absent = {"deals": pa.repeat(pa.scalar(0, pa.int8()), rows)}
    given = {**absent, **columns}
    nulls = {kind: pa.nulls(rows, kind) for kind in EVENTS.types}  # absent columns of one type share their memory
    arrays = [given[field.name].cast(field.type) if field.name in given else nulls[field.type] for field in EVENTS]
    return pa.table(arrays, schema=EVENTS)
