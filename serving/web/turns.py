"""Pages take turns: a worker makes a few at a time, and those that wait are made in the order in which they came."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

AT_ONCE = 2
"""Pages that are made at a time in a worker: one may wait for the store while another is put together.

Python runs one thread of a process at a time. Twenty pages in as many threads are all late together, and each switch
between them costs; in turn, most are there before the last one begins.
"""
READS = frozenset(("GET", "HEAD"))
AT_ONCE_OPEN = ("/health/", "/static/", "/metrics")
"""What never waits: it costs next to nothing, and says whether the rest goes well."""


class Turns:
    """Lets a few reading requests pass at a time; a turn ends when an answer begins, however slowly it is taken."""

    def __init__(self, app: ASGIApp, at_once: int = AT_ONCE) -> None:
        self._app, self._turns = app, asyncio.Semaphore(at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on when it is its turn."""
        if scope["type"] != "http" or scope["method"] not in READS or scope["path"].startswith(AT_ONCE_OPEN):
            return await self._app(scope, receive, send)
        await self._turns.acquire()
        taken = True

        async def answered(message: Message) -> None:
            nonlocal taken
            if taken:
                taken = False
                self._turns.release()
            await send(message)

        try:
            await self._app(scope, receive, answered)
        finally:
            if taken:
                self._turns.release()
