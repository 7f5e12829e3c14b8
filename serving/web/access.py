"""Who asks, and whether they may: the dependencies of every route that is not for everybody."""

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from features.errors import SinkError
from serving.identity.known import KnownKeys
from serving.identity.paths import sign_in_page
from serving.identity.roles import Permission
from serving.identity.tokens import KeyText, key_text, token_hash
from serving.identity.who import Identity, sees
from serving.store.keys import Key, find_key, touch_key
from serving.store.sessions import Session, find_session, to_be_touched, touch_session
from serving.web.address import address_asked
from serving.web.credentials import bearer, session_token, site_of
from serving.web.limits import budget_of, spend_request
from serving.web.negotiation import wants_page
from serving.web.problems import Problem
from serving.web.site import Site

US_A_MINUTE = 60_000_000
KEY = HTTPBearer(auto_error=False, scheme_name="key", description="a key of `ripelead user key add`: rl_…")
"""What the API's description says of signing in; `signed_in` reads the header itself."""


def signed_in(request: Request) -> Identity:
    """Who asks, by key or session; found once a request.

    Raises:
        Problem: 401, or 429 where the key's budget is spent; somebody at a page is led to the sign-in instead.
    """
    known: Identity | None = getattr(request.state, "identity", None)
    if known is None:
        key = bearer(request)
        known = _by_key(request, key) if key is not None else _by_session(request)
        request.state.identity = known
    return known


async def who_asks(request: Request) -> Identity:
    """What `signed_in` gives, without a thread where nothing is waited for.

    Raises:
        Problem: as `signed_in` does.
    """
    known: Identity | None = getattr(request.state, "identity", None)
    if known is None:
        known = _at_hand(request)
    return await run_in_threadpool(signed_in, request) if known is None else known


def needs(permission: Permission) -> Any:  # noqa: ANN401  (what FastAPI calls a dependency has no public type)
    """A dependency that gives who asks, and refuses those without a permission with 403.

    `def worklist(who: Annotated[Identity, needs("leads.own_and_pool")]) -> …`
    """

    async def allowed(request: Request, _key: Annotated[object, Depends(KEY)]) -> Identity:
        who = await who_asks(request)
        if not who.may(permission):
            raise Problem(403, f"this needs the permission {permission}, which {_lacks(who)}")
        return who

    return Depends(allowed)


def must_see(who: Identity, lead_id: str, owner: str | None) -> None:
    """Pass where somebody sees a lead of this owner; otherwise the lead is as if it were not there.

    Raises:
        Problem: 404, the same as `no_lead` gives for an id that nobody has.
    """
    if not sees(who, owner):
        raise no_lead(lead_id)


def no_lead(lead_id: str) -> Problem:
    """There is no such lead, or none that they see: one answer, so that ids cannot be tried out."""
    return Problem(404, f"no lead {lead_id!r}")


def session_of(request: Request) -> Session | None:
    """The session of the request's cookie, looked up in the store; None where it has none that goes on."""
    token = token_hash(session_token(request) or "")
    if token is None:
        return None
    site = site_of(request)
    idle_us = round(site.settings.idle_minutes * US_A_MINUTE)
    with site.store.looking_up() as connection:
        session = find_session(connection, token, site.now, idle_us)
    if session is not None and to_be_touched(session, site.now, idle_us):
        _write_softly(site, lambda connection: touch_session(connection, session.token_hash, site.now))
    return session


def _by_session(request: Request) -> Identity:
    session = session_of(request)
    if session is not None:
        return session.identity
    if not wants_page(request):
        raise _who_are_you("sign in, or send a key: Authorization: Bearer rl_…")
    page = address_asked(request) if request.method in ("GET", "HEAD") else "/"
    raise HTTPException(303, "sign in first", {"Location": sign_in_page(page)})


def _at_hand(request: Request) -> Identity | None:
    """Who asks with a key that this worker just saw and holds a request of its budget for: nothing is waited for."""
    text = key_text(bearer(request) or "")
    if text is None:
        return None
    known: KnownKeys = request.app.state.known_keys
    identity = known.find(text, site_of(request).now)
    if identity is None or not budget_of(request).spend_held(text.prefix):
        return None
    request.state.identity = identity
    return identity


def _by_key(request: Request, sent: str) -> Identity:
    site, text = site_of(request), key_text(sent)
    key = None if text is None else _found(site, text)
    if text is None or key is None:
        raise _who_are_you("the key is not known, was revoked, or has expired")
    spend_request(request, key.prefix)
    if key.to_be_touched(site.now):
        _write_softly(site, lambda connection: touch_key(connection, key.prefix, site.now))
    request.app.state.known_keys.keep(text, key.identity, site.now)
    return key.identity


def _found(site: Site, text: KeyText) -> Key | None:
    with site.store.looking_up() as connection:
        return find_key(connection, text, site.now)


def _write_softly(site: Site, write: Callable[[Any], None]) -> None:
    """Write when something was last used; a store that cannot be written keeps nobody out."""
    with suppress(SinkError), site.store.at_once() as connection:
        write(connection)


def _who_are_you(detail: str) -> Problem:
    return Problem(401, detail, {"WWW-Authenticate": "Bearer"})


def _lacks(who: Identity) -> str:
    return "the key was not given" if who.kind == "key" else f"the role {who.role} does not have"
