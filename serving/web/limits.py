"""Limits of requests: how large they may be, and how many of a key."""

from math import ceil

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.identity.buckets import Grant
from serving.identity.budget import Budget, rate_of
from serving.store.rates import take
from serving.web.credentials import site_of
from serving.web.problems import Problem, answer

US_A_SECOND = 1_000_000
_CLOSE = {"Connection": "close"}


class LimitedBodies:
    """Refuses a request whose body is larger than `most` bytes: by its length where it says so, else while it comes."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, its body counted."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if self._declared(scope) > self._most:
            problem = Problem(413, self._said, _CLOSE)
            return await answer(Request(scope), problem)(scope, receive, send)
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._most:
                raise HTTPException(413, self._said, _CLOSE)
            return message

        return await self._app(scope, counted, send)

    @property
    def _said(self) -> str:
        return f"the request's body is larger than {self._most // 1024} KiB ([serve] max_body_kb)"

    def _declared(self, scope: Scope) -> int:
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        return int(length) if length.isdigit() and len(length) < 16 else self._most + 1


def budget_of(request: Request) -> Budget:
    """What this worker holds of the budgets of keys."""
    budget: Budget = request.app.state.budget
    return budget


def spend_request(request: Request, prefix: str) -> None:
    """Spend a request of a key's budget, which all workers share.

    Raises:
        Problem: 429 with Retry-After where it is spent.
    """
    site, budget = site_of(request), budget_of(request)
    limit, now = site.settings.requests_per_minute, site.now

    def draw(wanted: int) -> Grant:
        with site.store.writing() as connection:
            return take(connection, f"key:{prefix}", rate_of(limit), wanted, now)

    if wait_us := budget.spend(prefix, now, draw):
        raise too_many(f"more than {limit:,} requests a minute with this key", wait_us)


def too_many(detail: str, wait_us: int) -> Problem:
    """429, with the seconds to wait."""
    seconds = ceil(wait_us / US_A_SECOND)
    return Problem(429, f"{detail}: try again in {seconds} s", {"Retry-After": str(seconds)})
