"""Pages take turns: a worker makes one at a time, and those that wait are made in the order in which they came.

Python runs one thread of a process at a time. Twenty pages in as many threads are all late together, and each switch
between them costs; in turn, most are there before the last one begins.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATIENCE_S = 0.1
"""After so long the next page begins although this one is not there: it may wait for a store that does not answer."""
READS = frozenset(("GET", "HEAD"))
NEVER_WAIT = ("/health/", "/static/", "/metrics")
"""Paths of what costs next to nothing, or says whether the rest goes well."""


class Turns:
    """Lets one reading request pass at a time; a turn ends when an answer begins, however slowly it is taken."""

    def __init__(self, app: ASGIApp, patience_s: float = PATIENCE_S) -> None:
        self._app, self._turns, self._patience_s = app, asyncio.Lock(), patience_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on when it is its turn."""
        if scope["type"] != "http" or scope["method"] not in READS or scope["path"].startswith(NEVER_WAIT):
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

    def __init__(self, turns: asyncio.Lock) -> None:
        self._turns: asyncio.Lock | None = turns

    def end(self) -> None:
        """It is the next one's turn."""
        if self._turns is not None:
            self._turns.release()
            self._turns = None
