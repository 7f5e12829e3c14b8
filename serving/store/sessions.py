"""Sessions of people who signed in: found by the hash of their token, ended by time, sign-out or an administrator."""

from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from serving.identity.roles import ALLOWED, Role
from serving.identity.who import Identity
from serving.store.schema import APP_USER, SESSION

TOUCH_US = 60_000_000
"""`seen_at` is written at most this often, so that reading pages writes nothing."""
_COLUMNS = (SESSION.c.user, SESSION.c.seen_at, SESSION.c.expires_at, SESSION.c.revoked_at, APP_USER.c.disabled_at,
            APP_USER.c.name, APP_USER.c.role, APP_USER.c.owner, APP_USER.c.language, APP_USER.c.theme)  # fmt: skip
_BY_TOKEN = select(*_COLUMNS).join_from(SESSION, APP_USER).where(SESSION.c.token_hash == bindparam("wanted"))


@dataclass(frozen=True, slots=True)
class Session:
    """A session that goes on, and who it is."""

    token_hash: str = field(repr=False)
    user: int
    seen_at: int
    identity: Identity


def start_session(connection: Connection, token_hash: str, user: int, at_us: int, lasts_us: int) -> None:
    """Begin a session that ends at the latest after `lasts_us`."""
    connection.execute(
        insert(SESSION).values(
            token_hash=token_hash, user=user, created_at=at_us, seen_at=at_us, expires_at=at_us + lasts_us
        )
    )


def find_session(connection: Connection, token_hash: str, now_us: int, idle_us: int) -> Session | None:
    """The session of a token, by one query; None where it ended, was idle too long, or its user is disabled."""
    row = connection.execute(_BY_TOKEN, {"wanted": token_hash}).one_or_none()
    if row is None or row.revoked_at is not None or row.disabled_at is not None:
        return None
    if now_us >= row.expires_at or now_us >= row.seen_at + idle_us:
        return None
    role: Role = row.role
    identity = Identity(row.name, role, row.owner, ALLOWED[role], "session", token_hash, row.language, row.theme)
    return Session(token_hash, row.user, row.seen_at, identity)


def to_be_touched(session: Session, now_us: int, idle_us: int) -> bool:
    """Whether it is time to write that the session was used."""
    return now_us - session.seen_at >= min(TOUCH_US, idle_us // 4)


def touch_session(connection: Connection, token_hash: str, now_us: int) -> None:
    """Write that a session was used; a later time that another worker wrote stays."""
    mine = (SESSION.c.token_hash == token_hash) & (SESSION.c.seen_at < now_us)
    connection.execute(update(SESSION).where(mine).values(seen_at=now_us))


def revoke_session(connection: Connection, token_hash: str, at_us: int) -> None:
    """End one session, whoever still holds its token."""
    mine = (SESSION.c.token_hash == token_hash) & SESSION.c.revoked_at.is_(None)
    connection.execute(update(SESSION).where(mine).values(revoked_at=at_us))


def forget_sessions(connection: Connection, now_us: int) -> None:
    """Delete sessions whose time is over."""
    connection.execute(delete(SESSION).where(SESSION.c.expires_at <= now_us))
