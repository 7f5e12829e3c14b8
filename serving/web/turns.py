"""Pages take turns: a worker makes one at a time, and those that wait are made in the order in which they came."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

AT_ONCE = 1
"""Pages that are made at a time in a worker.

Python runs one thread of a process at a time. Twenty pages in as many threads are all late together, and each switch
between them costs; in turn, most are there before the last one begins. Two or three at a time were slower on SQLite and
on PostgreSQL, though one could wait for the store while another is put together.
"""
PATIENCE_S = 0.1
"""After so long the next page begins although this one is not there: it may wait for a store that does not answer."""
READS = frozenset(("GET", "HEAD"))
AT_ONCE_OPEN = ("/health/", "/static/", "/metrics")
"""What never waits: it costs next to nothing, and says whether the rest goes well."""


class Turns:
    """Lets one reading request pass at a time; a turn ends when an answer begins, however slowly it is taken."""

    def __init__(self, app: ASGIApp, at_once: int = AT_ONCE, patience_s: float = PATIENCE_S) -> None:
        self._app, self._turns, self._patience_s = app, asyncio.Semaphore(at_once), patience_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on when it is its turn."""
        if scope["type"] != "http" or scope["method"] not in READS or scope["path"].startswith(AT_ONCE_OPEN):
            return await self._app(scope, receive, send)
        await self._turns.acquire()
        turn = Turn(self._turns)
        late = asyncio.get_running_loop().call_later(self._patience_s, turn.end)

        async def answered(message: Message) -> None:
            turn.end()
            await send(message)

        try:
            await self._app(scope, receive, answered)
        finally:
            late.cancel()
            turn.end()


class Turn:
    """A turn that ends once, whoever says so first."""

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns: asyncio.Semaphore | None = turns

    def end(self) -> None:
        """It is the next one's turn."""
        if self._turns is not None:
            self._turns.release()
            self._turns = None
