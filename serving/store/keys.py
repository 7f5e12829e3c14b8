"""Keys of programs: found by their prefix, proven by the hash of their secret."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from serving.identity.tokens import KeyText, same
from serving.identity.who import Identity, permissions_of_key
from serving.store.schema import API_KEY

TOUCH_US = 60_000_000
"""`used_at` is written at most this often."""
_BY_PREFIX = select(API_KEY).where(API_KEY.c.prefix == bindparam("wanted"))


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to be made; scopes are permissions, an owner limits it to their leads and the pool."""

    name: str
    scopes: tuple[str, ...]
    owner: str | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A key as the store knows it: never its secret."""

    prefix: str
    key_hash: str = field(repr=False)
    name: str
    scopes: tuple[str, ...]
    owner: str | None
    created_at: int
    created_by: str
    expires_at: int | None
    revoked_at: int | None
    used_at: int | None

    def usable(self, now_us: int) -> bool:
        """Whether it was neither revoked nor has it expired."""
        return self.revoked_at is None and (self.expires_at is None or now_us < self.expires_at)

    def to_be_touched(self, now_us: int) -> bool:
        """Whether it is time to write that the key was used."""
        return self.used_at is None or now_us - self.used_at >= TOUCH_US

    @property
    def identity(self) -> Identity:
        """Who a program with this key is."""
        permissions = permissions_of_key(self.scopes, self.owner)
        return Identity(f"key:{self.name}", "service", self.owner, permissions, "key", self.prefix)


def add_key(connection: Connection, text: KeyText, new: NewKey, by: str, at_us: int) -> None:
    """Keep a new key, by the hash of its secret."""
    connection.execute(
        insert(API_KEY).values(
            prefix=text.prefix,
            key_hash=text.secret_hash,
            name=new.name,
            scopes=json.dumps(new.scopes),
            owner=new.owner,
            created_at=at_us,
            created_by=by,
            expires_at=new.expires_at,
        )
    )


def find_key(connection: Connection, text: KeyText, now_us: int) -> Key | None:
    """The key that a program sent, by one query; None where there is none, or it ended."""
    row = connection.execute(_BY_PREFIX, {"wanted": text.prefix}).one_or_none()
    if row is None or not same(row.key_hash, text.secret_hash):
        return None
    key = _key(row)
    return key if key.usable(now_us) else None


def all_keys(connection: Connection) -> list[Key]:
    """All keys, those that ended too, the newest first."""
    return [_key(row) for row in connection.execute(select(API_KEY).order_by(API_KEY.c.created_at.desc()))]


def touch_key(connection: Connection, prefix: str, now_us: int) -> None:
    """Write that a key was used."""
    connection.execute(update(API_KEY).where(API_KEY.c.prefix == prefix).values(used_at=now_us))


def revoke_keys(connection: Connection, prefixes: Iterable[str], at_us: int) -> int:
    """End keys; how many of them were in use."""
    running = API_KEY.c.prefix.in_(list(prefixes)) & API_KEY.c.revoked_at.is_(None)
    return int(connection.execute(update(API_KEY).where(running).values(revoked_at=at_us)).rowcount)


def _key(row: Row[Any]) -> Key:
    return Key(**{**row._mapping, "scopes": tuple(json.loads(row.scopes))})
