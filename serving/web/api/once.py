"""Requests with an `Idempotency-Key`: sent again with the same key and body, they get the answer of the first time.

Key, effect and answer are written in one transaction: a process that is killed has done all of it or nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.responses import Response
from pydantic_core import to_json

from serving.identity.who import Identity
from serving.store.connection import Store, Transaction
from serving.store.idempotency import Kept, claim, keep_answer, kept_answer
from serving.web.credentials import site_of
from serving.web.negotiation import JSON
from serving.web.problems import Problem

REPLAYED = {"Idempotency-Replayed": "true"}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request that may have been sent before: its key (None: it has none), and what its body hashes to."""

    key: str | None
    request_hash: str


async def attempt_of(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(description="1 to 255 visible ASCII signs, new for each request", max_length=255, pattern=r"^[!-~]+$"),
    ] = None,
) -> Attempt:
    """The key of a request and the hash of method, path and body."""
    said = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
    return Attempt(idempotency_key, sha256(said).hexdigest())


MayRepeat = Annotated[Attempt, Depends(attempt_of)]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks which store, and when (microseconds)."""

    store: Store
    name: str
    now: int


def caller_of(request: Request, who: Identity) -> Caller:
    """Who asks, and when."""
    site = site_of(request)
    return Caller(site.store, who.name, site.now)


def done_once(caller: Caller, attempt: Attempt, status: int, work: Callable[[Transaction], object]) -> Response:
    """Do something in one transaction and answer with what came of it; a request that is sent again does nothing.

    Raises:
        Problem: 422 where the key was used for another request.
    """
    with caller.store.writing() as connection:
        if attempt.key is not None and (
            kept := claim(connection, caller.name, attempt.key, attempt.request_hash, caller.now)
        ):
            return _again(kept, attempt)
        body = to_json(work(connection))
        if attempt.key is not None:
            keep_answer(connection, caller.name, attempt.key, status, body.decode())
    return Response(body, status, media_type=JSON)


def _claimed(connection: Transaction, caller: Caller, attempt: Attempt) -> Kept | None:
    if attempt.key is None:
        return None
    return claim(connection, caller.name, attempt.key, attempt.request_hash, caller.now)


def answered_before(caller: Caller, attempt: Attempt) -> Response | None:
    """The answer of the first time, for requests that change nothing.

    Raises:
        Problem: 422 where the key was used for another request.
    """
    if attempt.key is None:
        return None
    with caller.store.reading() as connection:
        kept = kept_answer(connection, caller.name, attempt.key, caller.now)
    return None if kept is None else _again(kept, attempt)


def _again(kept: Kept, attempt: Attempt) -> Response:
    if kept.request_hash != attempt.request_hash:
        raise Problem(422, "Idempotency-Key: the key was used for another request: expected a new key for each request")
    return Response(kept.body, kept.status, REPLAYED, media_type=JSON)
