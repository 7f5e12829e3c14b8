"""Secrets that are shown once: tokens of sessions and keys of the API. Only their SHA-256 is kept.

They have 256 random bits, so that a fast hash is enough: there is nothing to guess.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

_KEY = re.compile(r"rl_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class KeyText:
    """An API key taken apart: the prefix by which it is found, and its secret."""

    prefix: str
    secret: str = field(repr=False)

    @property
    def shown(self) -> str:
        """The whole key, as its program sends it."""
        return f"rl_{self.prefix}_{self.secret}"

    @property
    def secret_hash(self) -> str:
        """What is kept of the secret."""
        return hash_of(self.secret)


def new_token() -> str:
    """A new session's token, for its cookie."""
    return secrets.token_urlsafe(32)


def new_key() -> KeyText:
    """A new API key."""
    return KeyText(secrets.token_hex(6), secrets.token_urlsafe(32))


def key_text(text: str) -> KeyText | None:
    """A key as it was sent; None where it cannot be one."""
    found = _KEY.fullmatch(text)
    return None if found is None else KeyText(found[1], found[2])


def hash_of(secret: str) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def token_hash(text: str) -> str | None:
    """What is kept of a session's token as its cookie brought it; None where it cannot be one."""
    return hash_of(text) if _TOKEN.fullmatch(text) else None


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in a time that does not say where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())
