"""Routes that read a request's body only after they know who asks: strangers cannot make the server parse anything."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from serving.web.access import who_asks


class KnownFirst(APIRoute):
    """A route whose body is read for those alone who are signed in or have a key."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, behind the question who asks."""
        handle = super().get_route_handler()

        async def known(request: Request) -> Response:
            await who_asks(request)
            return await handle(request)

        return known
