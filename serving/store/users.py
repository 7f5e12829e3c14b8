"""People who may sign in. Every time is in microseconds since 1970, UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from serving.identity.roles import Role
from serving.store.schema import APP_USER, SESSION


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to be made: a password's hash, or the issuer and subject of OpenID Connect."""

    name: str
    role: Role
    owner: str | None = None
    password_hash: str | None = field(default=None, repr=False)
    subject: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class User:
    """A user as the store knows them."""

    id: int
    name: str
    role: Role
    owner: str | None
    password_hash: str | None = field(repr=False)
    subject: str | None
    language: str | None
    theme: str | None
    created_at: int
    disabled_at: int | None


def add_user(connection: Connection, new: NewUser, at_us: int) -> int:
    """The number of a user that was added; look first whether the name is free (`user_named`)."""
    values = {
        "name": new.name,
        "role": new.role,
        "owner": new.owner,
        "password_hash": new.password_hash,
        "subject": new.subject,
        "language": new.language,
        "created_at": at_us,
    }
    return int(connection.execute(insert(APP_USER).values(values).returning(APP_USER.c.id)).scalar_one())


def user_named(connection: Connection, name: str) -> User | None:
    """The user of a name, in the spelling of `user_name`."""
    return _one(connection, select(APP_USER).where(APP_USER.c.name == name))


def user_of_subject(connection: Connection, subject: str) -> User | None:
    """The user whom an issuer of OpenID Connect knows by this subject."""
    return _one(connection, select(APP_USER).where(APP_USER.c.subject == subject))


def all_users(connection: Connection) -> list[User]:
    """All users, those that are disabled too, by name."""
    return [_user(row) for row in connection.execute(select(APP_USER).order_by(APP_USER.c.name))]


def anybody(connection: Connection) -> bool:
    """Whether there is a user who is not disabled."""
    return (
        connection.execute(select(APP_USER.c.id).where(APP_USER.c.disabled_at.is_(None)).limit(1)).first() is not None
    )


def set_password_hash(connection: Connection, user: int, password_hash: str) -> None:
    """Give a user another hash of a password."""
    _set(connection, user, {"password_hash": password_hash})


def set_access(connection: Connection, user: int, role: Role, owner: str | None) -> None:
    """Give a user another role, and say whose leads are theirs; sessions that run have it at once."""
    _set(connection, user, {"role": role, "owner": owner})


def set_subject(connection: Connection, user: int, subject: str) -> None:
    """Let a user sign in as this subject of an issuer of OpenID Connect."""
    _set(connection, user, {"subject": subject})


def set_preferences(connection: Connection, user: int, language: str | None, theme: str | None) -> None:
    """Keep in which language and colours somebody reads."""
    _set(connection, user, {"language": language, "theme": theme})


def disable_user(connection: Connection, user: int, at_us: int) -> None:
    """Nobody can sign in as this user any more, and no session of theirs goes on."""
    _set(connection, user, {"disabled_at": at_us})
    revoke_sessions_of(connection, user, at_us)


def enable_user(connection: Connection, user: int) -> None:
    """Let a disabled user sign in again."""
    _set(connection, user, {"disabled_at": None})


def revoke_sessions_of(connection: Connection, user: int, at_us: int) -> int:
    """End all sessions of a user; how many there were."""
    running = (SESSION.c.user == user) & SESSION.c.revoked_at.is_(None)
    return int(connection.execute(update(SESSION).where(running).values(revoked_at=at_us)).rowcount)


def _set(connection: Connection, user: int, values: Mapping[str, Any]) -> None:
    connection.execute(update(APP_USER).where(APP_USER.c.id == user).values(values))


def _one(connection: Connection, query: Select[Any]) -> User | None:
    row = connection.execute(query).one_or_none()
    return None if row is None else _user(row)


def _user(row: Row[Any]) -> User:
    return User(**row._mapping)
