"""Messages to other systems: written with what they tell of in one transaction, sent afterwards, never lost.

A row is leased before it is sent and noted after. Who is killed in between leaves a lease that ends; then the same
message goes out again under the same id.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ColumnElement

from serving.store.schema import OUTBOX

State = Literal["pending", "delivered", "dead"]
GONE = 410
_ROWS = 500


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it will be sent: its id in every attempt, type of event, name of the endpoint, frozen body."""

    id: str
    kind: str
    endpoint: str
    payload: str


@dataclass(frozen=True, slots=True)
class Taker:
    """Who takes messages: its name, how many at most, of one endpoint at most, and endpoints that have had enough."""

    worker: str
    most: int
    per_endpoint: int
    full: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Leased:
    """A message that this worker may send now; `attempts` have failed before."""

    id: str
    endpoint: str
    payload: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Noted:
    """What came of an attempt: its status (None: no answer), what went wrong, and when the next one is due."""

    state: State
    status: int | None
    error: str | None
    due_at: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message as people see it; times in microseconds since 1970."""

    id: str
    kind: str
    endpoint: str
    state: State
    created_at: int
    due_at: int
    attempts: int
    last_status: int | None
    last_error: str | None


def enqueue(connection: Connection, messages: Iterable[Message], now: int) -> int:
    """Add messages inside the caller's transaction; gives how many are new: an id that is there changes nothing."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    rows = [
        {"id": one.id, "kind": one.kind, "endpoint": one.endpoint, "payload": one.payload, "state": "pending",
         "created_at": now, "due_at": now, "attempts": 0}
        for one in messages
    ]  # fmt: skip
    added = 0
    for start in range(0, len(rows), _ROWS):
        wanted = insert(OUTBOX).values(rows[start : start + _ROWS]).on_conflict_do_nothing(index_elements=["id"])
        added += len(connection.execute(wanted.returning(OUTBOX.c.id)).all())
    return added


def is_any_due(connection: Connection, now: int) -> bool:
    """Whether there is a message that a worker could take."""
    return connection.execute(select(OUTBOX.c.id).where(_due(now)).limit(1)).first() is not None


def lease(connection: Connection, taker: Taker, now: int, until: int) -> tuple[Leased, ...]:
    """Take messages that are due, the oldest first, for `taker` alone until a time.

    Workers never get the same message: SQLite's writers wait for each other, PostgreSQL's skip each other's rows.
    """
    free = _due(now) & OUTBOX.c.endpoint.not_in(list(taker.full))
    place = func.row_number().over(partition_by=OUTBOX.c.endpoint, order_by=(OUTBOX.c.due_at, OUTBOX.c.id))
    ranked = select(OUTBOX.c.id, OUTBOX.c.due_at, place.label("place")).where(free).subquery()
    fair = select(ranked.c.id).where(ranked.c.place <= taker.per_endpoint)
    first = fair.order_by(ranked.c.due_at, ranked.c.id).limit(taker.most)
    chosen = select(OUTBOX).where(OUTBOX.c.id.in_(first), free).with_for_update(skip_locked=True)
    rows = connection.execute(chosen.order_by(OUTBOX.c.due_at, OUTBOX.c.id)).all()
    mine = OUTBOX.c.id.in_([row.id for row in rows])
    connection.execute(update(OUTBOX).where(mine).values(leased_until=until, leased_by=taker.worker))
    return tuple(Leased(row.id, row.endpoint, row.payload, row.attempts) for row in rows)


def note(connection: Connection, message_id: str, worker: str, noted: Noted, now: int) -> bool:
    """Write what came of an attempt; False where the lease went to another worker meanwhile."""
    mine = (OUTBOX.c.id == message_id) & (OUTBOX.c.leased_by == worker) & (OUTBOX.c.state == "pending")
    values = {
        "state": noted.state,
        "due_at": noted.due_at,
        "attempts": OUTBOX.c.attempts + 1,
        "leased_until": None,
        "leased_by": None,
        "last_status": noted.status,
        "last_error": noted.error,
        "delivered_at": now if noted.state == "delivered" else None,
    }
    return connection.execute(update(OUTBOX).where(mine).values(values)).rowcount == 1


def gone_endpoints(connection: Connection) -> frozenset[str]:
    """Endpoints that answered 410 to a message that is dead by it: they want nothing more until it is replayed."""
    rows = select(OUTBOX.c.endpoint).where(OUTBOX.c.state == "dead", OUTBOX.c.last_status == GONE).distinct()
    return frozenset(connection.execute(rows).scalars())


def replay(connection: Connection, ids: Collection[str] | None, now: int) -> int:
    """Make dead messages pending again, with all their attempts before them; `ids` None: all. Gives how many.

    An endpoint that was gone is asked again.
    """
    dead = OUTBOX.c.state == "dead"
    chosen = dead if ids is None else dead & OUTBOX.c.id.in_(list(ids))
    again = OUTBOX.c.endpoint.in_(select(OUTBOX.c.endpoint).where(chosen))
    connection.execute(update(OUTBOX).where(dead, OUTBOX.c.last_status == GONE, again).values(last_status=None))
    values = {"state": "pending", "due_at": now, "attempts": 0, "last_status": None, "last_error": None}
    return connection.execute(update(OUTBOX).where(chosen).values(values)).rowcount


def forget_delivered(connection: Connection, before: int) -> int:
    """Delete messages that were delivered before a time. Gives how many."""
    old = (OUTBOX.c.state == "delivered") & (OUTBOX.c.delivered_at < before)
    return connection.execute(delete(OUTBOX).where(old)).rowcount


def counts(connection: Connection) -> dict[State, int]:
    """Messages by state."""
    rows = connection.execute(select(OUTBOX.c.state, func.count()).group_by(OUTBOX.c.state)).all()
    found: dict[State, int] = {"pending": 0, "delivered": 0, "dead": 0}
    return found | {row[0]: int(row[1]) for row in rows}


def listed(connection: Connection, state: State, most: int, after: tuple[int, str] | None = None) -> Sequence[Waiting]:
    """Messages of a state, the newest first; `after` is created_at and id of the last one that was seen."""
    order = (OUTBOX.c.created_at.desc(), OUTBOX.c.id.desc())
    chosen = select(OUTBOX).where(OUTBOX.c.state == state).order_by(*order).limit(most)
    if after is not None:
        chosen = chosen.where(_older(*after))
    return tuple(
        Waiting(row.id, row.kind, row.endpoint, row.state, row.created_at, row.due_at, row.attempts,
                row.last_status, row.last_error)
        for row in connection.execute(chosen)
    )  # fmt: skip


def _due(now: int) -> ColumnElement[bool]:
    unleased = or_(OUTBOX.c.leased_until.is_(None), OUTBOX.c.leased_until <= now)
    return (OUTBOX.c.state == "pending") & (OUTBOX.c.due_at <= now) & unleased


def _older(created_at: int, message_id: str) -> ColumnElement[bool]:
    same = (OUTBOX.c.created_at == created_at) & (OUTBOX.c.id < message_id)
    return or_(OUTBOX.c.created_at < created_at, same)
