"""Keys that a worker looked up a moment ago, so that a busy program does not ask the store with every request."""

from dataclasses import dataclass
from threading import Lock

from serving.identity.tokens import KeyText, same
from serving.identity.who import Identity

KEPT_US = 1_000_000
"""A key that is revoked may still be taken for a second by a worker that saw it before."""
_MOST = 1000


@dataclass(frozen=True, slots=True)
class _Seen:
    secret_hash: str
    identity: Identity
    at_us: int


class KnownKeys:
    """Keys by prefix, each for a second; may be used by many threads."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._lock = Lock()

    def find(self, text: KeyText, now_us: int) -> Identity | None:
        """Whose key it is, where it was looked up less than a second ago with this very secret."""
        seen = self._seen.get(text.prefix)
        if seen is None or not 0 <= now_us - seen.at_us < KEPT_US or not same(seen.secret_hash, text.secret_hash):
            return None
        return seen.identity

    def keep(self, text: KeyText, identity: Identity, now_us: int) -> None:
        """Remember a key that was found and proven at this time."""
        with self._lock:
            if len(self._seen) >= _MOST:
                self._seen.clear()
            self._seen[text.prefix] = _Seen(text.secret_hash, identity, now_us)
