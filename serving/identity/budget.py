"""The budget of a key that all workers share, drawn in portions so that few requests write to the store.

A worker draws a hundredth of a minute's budget at once and spends it on its own. Because tokens are drawn before they
are spent, all workers together spend in any 60 seconds at most `limit + burst + workers x portion`, with a burst of a
tenth of the limit (at least ten, at most the limit): with two workers not more than 112 % of a limit from 100 on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from serving.identity.buckets import Grant, Rate

Draw = Callable[[int], Grant]
"""Takes tokens from the shared bucket: how many are wanted to what was given."""
_MOST_KEYS = 10_000


def rate_of(limit: int) -> Rate:
    """The shared bucket of a limit of requests per minute."""
    return Rate(limit, min(max(limit / 10, 10), limit))


def portion_of(limit: int) -> int:
    """How many tokens a worker draws at once."""
    return max(limit // 100, 1)


@dataclass(slots=True)
class _Purse:
    lock: Lock
    tokens: int = 0
    empty_until_us: int = 0


class Budget:
    """What one worker holds of the budgets of all keys; may be used by many threads."""

    def __init__(self, limit: int) -> None:
        self._portion = portion_of(limit)
        self._purses: dict[str, _Purse] = {}
        self._lock = Lock()

    def spend(self, key: str, now_us: int, draw: Draw) -> int:
        """Spend one token of a key: 0, or how many microseconds to wait because there is none."""
        purse = self._purse(key)
        with purse.lock:
            if purse.tokens == 0:
                if now_us < purse.empty_until_us:
                    return purse.empty_until_us - now_us
                grant = draw(self._portion)
                purse.tokens, purse.empty_until_us = grant.tokens, now_us + grant.wait_us
                if grant.tokens == 0:
                    return grant.wait_us
            purse.tokens -= 1
            return 0

    def spend_held(self, key: str) -> bool:
        """Spend a token that this worker holds already, without waiting for anything; False where there is none."""
        purse = self._purse(key)
        if not purse.lock.acquire(blocking=False):
            return False
        try:
            held = purse.tokens > 0
            purse.tokens -= held
            return held
        finally:
            purse.lock.release()

    def _purse(self, key: str) -> _Purse:
        with self._lock:
            if len(self._purses) >= _MOST_KEYS and key not in self._purses:
                self._purses.clear()  # tokens that were drawn are lost, never doubled
            return self._purses.setdefault(key, _Purse(Lock()))
