"""Deliveries: messages to other systems that wait, were delivered, or are dead, and why."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from features.cells import shown
from features.errors import InputContractError
from serving.store.connection import Store
from serving.store.outbox import State, Waiting, counts, listed

ROWS = 50
_CURSOR = re.compile(r"([0-9]{1,17})-([A-Za-z0-9_-]{1,200})")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message: what it tells, to which endpoint, how often it was tried in vain, and what went wrong last."""

    id: str
    kind: str
    endpoint: str
    state: State
    created_at: datetime
    due_at: datetime | None
    attempts: int
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Deliveries:
    """A page of messages of one state, the newest first."""

    page: str
    language: str
    endpoints: tuple[str, ...]
    counts: Mapping[State, int]
    state: State
    deliveries: tuple[Delivery, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: state, the `next` of the page before, language; and the endpoints that are configured."""

    state: State
    after: str
    language: str
    endpoints: tuple[str, ...]


def deliveries(store: Store, asked: Asked) -> Deliveries:
    """A page of messages as one consistent view of the store.

    Raises:
        InputContractError: `after` is no cursor.
    """
    after = _after(asked.after) if asked.after else None
    with store.reading() as connection:
        number = counts(connection)
        rows = listed(connection, asked.state, ROWS + 1, after)
    more = rows[ROWS - 1] if len(rows) > ROWS else None
    return Deliveries(
        page="deliveries",
        language=asked.language,
        endpoints=asked.endpoints,
        counts=number,
        state=asked.state,
        deliveries=tuple(_delivery(row) for row in rows[:ROWS]),
        next=None if more is None else f"{more.created_at}-{more.id}",
    )


def _delivery(row: Waiting) -> Delivery:
    due = _time(row.due_at) if row.state == "pending" else None
    return Delivery(row.id, row.kind, row.endpoint, row.state, _time(row.created_at), due, row.attempts,
                    row.last_status, row.last_error)  # fmt: skip


def _after(cursor: str) -> tuple[int, str]:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InputContractError(f"after: expected the `next` of a page of deliveries, got {shown(cursor)}")
    return int(found[1]), found[2]


def _time(moment: int) -> datetime:
    return datetime.fromtimestamp(moment / 1e6, UTC)
