"""Pooled connections to a server that ended meanwhile are noticed before somebody uses them.

To ask every time costs a round trip. What the server closed has an end of file to read, which costs next to nothing to
see; only what rested for long, as behind a firewall that forgets it, is asked.
"""

import selectors
import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

RESTED_S = 10.0
"""A connection that was not used for so long is asked whether the server is there."""
_USED = "used_at"
_Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)
"""Without poll, as on Windows, select takes sockets of any number; elsewhere it takes low ones only."""


def notices_the_dead(engine: Engine) -> None:
    """Let an engine open a new connection in the place of one whose server is gone."""

    @event.listens_for(engine, "checkin")
    def used(_connection: object, record: Any) -> None:  # noqa: ANN401  (a ConnectionPoolEntry)
        record.info[_USED] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def alive(connection: Any, record: Any, _fairy: object) -> None:  # noqa: ANN401
        used_at = record.info.get(_USED)
        if used_at is None or not (_says_something(connection) or time.monotonic() - used_at > RESTED_S):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError("the server is gone") from error


def _says_something(connection: Any) -> bool:  # noqa: ANN401  (a psycopg connection)
    """Whether there is something to read, as no server sends to a client that asked nothing: an end, or a notice."""
    if connection.closed:
        return True
    with _Selector() as waiting:
        waiting.register(connection.fileno(), selectors.EVENT_READ)
        return bool(waiting.select(0))
