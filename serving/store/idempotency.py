"""Answers kept by the requester's key: a request that is sent again gets the answer of the first time."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, text, update

from serving.store.schema import IDEMPOTENCY

KEPT_US = 24 * 3_600_000_000


@dataclass(frozen=True, slots=True)
class Kept:
    """What a key was used for: the hash of the request, and the answer."""

    request_hash: str
    status: int
    body: str


def claim(connection: Connection, who: str, key: str, request_hash: str, now: int) -> Kept | None:
    """Take a key for the request of this transaction: None, or what it was used for already.

    Who uses the same key at the same time waits until this transaction ends.
    """
    connection.execute(
        delete(IDEMPOTENCY).where(
            IDEMPOTENCY.c.who == who, IDEMPOTENCY.c.key == key, IDEMPOTENCY.c.created_at <= now - KEPT_US
        )
    )
    added = connection.execute(
        text(
            "INSERT INTO idempotency (who, key, request_hash, created_at) VALUES (:who, :key, :hash, :now) "
            "ON CONFLICT DO NOTHING"
        ),
        {"who": who, "key": key, "hash": request_hash, "now": now},
    )
    return None if added.rowcount else kept_answer(connection, who, key, now)


def kept_answer(connection: Connection, who: str, key: str, now: int) -> Kept | None:
    """What a key was used for in the last 24 hours."""
    mine = (IDEMPOTENCY.c.who == who, IDEMPOTENCY.c.key == key, IDEMPOTENCY.c.created_at > now - KEPT_US)
    columns = (IDEMPOTENCY.c.request_hash, IDEMPOTENCY.c.status, IDEMPOTENCY.c.body)
    row = connection.execute(select(*columns).where(*mine)).one_or_none()
    return None if row is None else Kept(row.request_hash, row.status or 0, row.body or "")


def keep_answer(connection: Connection, who: str, key: str, status: int, body: str) -> None:
    """Keep the answer of a key that this transaction claimed."""
    mine = (IDEMPOTENCY.c.who == who, IDEMPOTENCY.c.key == key)
    connection.execute(update(IDEMPOTENCY).where(*mine).values(status=status, body=body))


def forget_answers(connection: Connection, now: int) -> int:
    """Delete answers that are older than a day; how many."""
    return int(connection.execute(delete(IDEMPOTENCY).where(IDEMPOTENCY.c.created_at <= now - KEPT_US)).rowcount)
