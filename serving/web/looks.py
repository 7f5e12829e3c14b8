"""An answer that shows a lead begins when it is written down who looked; where that fails it is not shown."""

import asyncio
from collections.abc import Callable, Sequence

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.errors import SinkError
from serving.identity.sightings import Sightings
from serving.store.audit import Line
from serving.web.problems import Problem, answer

STATE = "looks"
"""Where a request keeps the lines that are to be written before it is answered."""
_NOT_WRITTEN = Problem(503, "the store cannot write down who looks at leads now: try again", {"Retry-After": "5"})


class LooksFirst:
    """Holds an answer back until the looks of its request are in the log."""

    def __init__(self, app: ASGIApp, write: Callable[[Sequence[Line]], None], sightings: Sightings) -> None:
        self._app, self._log, self._sightings = app, JointLog(write), sightings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; its answer follows its looks."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        looks: list[Line] = []
        scope.setdefault("state", {})[STATE] = looks
        refused = False

        async def after_looks(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and looks and not await self._written(looks):
                refused = True
                await answer(Request(scope), _NOT_WRITTEN)(scope, receive, send)
            if not refused:
                await send(message)

        await self._app(scope, receive, after_looks)

    async def _written(self, looks: Sequence[Line]) -> bool:
        try:
            await self._log.add(looks)
        except SinkError:
            for look in looks:
                self._sightings.forget(look.who, look.object or "")
            return False
        return True


class JointLog:
    """Lines of many requests in one transaction: those that come while one is being written share the next.

    Used from one event loop.
    """

    def __init__(self, write: Callable[[Sequence[Line]], None]) -> None:
        self._write = write
        self._waiting: list[tuple[Sequence[Line], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def add(self, lines: Sequence[Line]) -> None:
        """Return when the lines are in the log; raises what the writing of them raised."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((lines, written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_waiting())
        await written

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._write_batch(batch)
        finally:
            self._writing = None

    async def _write_batch(self, batch: Sequence[tuple[Sequence[Line], asyncio.Future[None]]]) -> None:
        error: Exception | None = None
        try:
            await asyncio.to_thread(self._write, [line for lines, _ in batch for line in lines])
        except Exception as raised:
            error = raised
        for _, written in batch:
            if written.cancelled():
                continue
            if error is None:
                written.set_result(None)
            else:
                written.set_exception(error)
