"""Which looks at a lead are new: a page that is opened again soon tells the log nothing."""

from threading import Lock

AGAIN_US = 600_000_000
"""A look of the same person at the same lead within ten minutes is the same look."""
_MOST = 50_000


class Sightings:
    """The looks that one worker wrote down lately; may be used by many threads."""

    def __init__(self) -> None:
        self._written: dict[tuple[str, str], int] = {}
        self._lock = Lock()

    def is_new(self, who: str, lead_id: str, now_us: int) -> bool:
        """Whether a look is to be written down; call `forget` where that failed."""
        with self._lock:
            before = self._written.get((who, lead_id))
            if before is not None and 0 <= now_us - before < AGAIN_US:
                return False
            if len(self._written) >= _MOST:
                self._written.clear()  # some lines are written twice, none is lost
            self._written[who, lead_id] = now_us
            return True

    def forget(self, who: str, lead_id: str) -> None:
        """A look could not be written down: the next one is new."""
        with self._lock:
            self._written.pop((who, lead_id), None)
