"""What the store forgets when its time is over."""

from sqlalchemy import Connection

from serving.store.audit import forget_lines
from serving.store.idempotency import forget_answers
from serving.store.rates import US_A_DAY, forget_full
from serving.store.sessions import forget_sessions


def forget_expired(connection: Connection, now_us: int, audit_days: int) -> int:
    """Delete ended sessions, old answers, unused buckets, and lines of the log older than `audit_days`: how many."""
    forget_sessions(connection, now_us)
    forget_answers(connection, now_us)
    forget_full(connection, now_us)
    return forget_lines(connection, now_us - audit_days * US_A_DAY)
