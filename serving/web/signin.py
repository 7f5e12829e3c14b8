"""Routes of signing in and out, and of one's own password."""

from math import ceil
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from serving.identity.passwords import hashed, refusal
from serving.identity.paths import page_after
from serving.identity.who import Identity
from serving.language.translations import msg, translation_to
from serving.store.audit import Line, log
from serving.store.sessions import Session, revoke_session
from serving.store.users import User, revoke_sessions_of, set_password_hash, user_named
from serving.web.access import session_of, signed_in
from serving.web.attempts import Attempt, Refused, begin_session, checked_user, turn
from serving.web.credentials import client_address, cookie_name, drop_cookie, put_cookie, session_token, site_of
from serving.web.limits import US_A_SECOND
from serving.web.negotiation import wants_page
from serving.web.problems import Problem
from serving.web.render import language_of, page
from serving.web.site import Site

router = APIRouter(include_in_schema=False)
WRONG = msg("Name or password is wrong.")
LATER = msg("Too many attempts: try again in {n} seconds.")
REFUSED = msg("The new password is not taken: {why}.")
DIFFER = msg("The two new passwords differ.")
CHANGED = msg("The password was changed. You are signed out everywhere else.")
SECONDS_AN_HOUR = 3600
Typed = Annotated[str, Form(max_length=5000)]


@router.get("/sign-in")
def ask(request: Request, next: str = "") -> Response:
    """The form; who is signed in already is led on."""
    if session_of(request) is not None:
        return RedirectResponse(page_after(next), 303)
    return sign_in_form(request, next_page=next)


@router.post("/sign-in")
def sign_in(request: Request, name: Typed = "", password: Typed = "", next: Typed = "") -> Response:
    """Begin a session, or show the form again with what is wrong."""
    site = site_of(request)
    with turn():
        found = checked_user(site, Attempt(name, password, client_address(request)))
    if isinstance(found, Refused):
        return _refused(request, found, name, next)
    return enter(request, found, page_after(next), "password")


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """End the session: its cookie is worth nothing any more, whoever kept a copy."""
    site, session = site_of(request), session_of(request)
    if session is not None:
        with site.store.writing() as connection:
            revoke_session(connection, session.token_hash, site.now)
            log(connection, Line(site.now, session.identity.name, "signed_out", session.identity.name))
    answer: Response = RedirectResponse("/sign-in", 303) if wants_page(request) else Response(status_code=204)
    drop_cookie(answer, site, cookie_name(site))
    return answer


@router.get("/account")
def account(request: Request, who: Annotated[Identity, Depends(signed_in)]) -> Response:
    """Who one is, and the form for another password."""
    if not wants_page(request):
        raise Problem(406, "this page is for people: Accept: text/html")
    return _account_page(request, who, "", 200)


@router.post("/account/password")
def change_password(
    request: Request, who: Annotated[Identity, Depends(signed_in)],
    present: Typed = "", chosen: Typed = "", again: Typed = "",
) -> Response:  # fmt: skip
    """Give oneself another password: all other sessions end, and this one goes on with a new token."""
    site, session = site_of(request), session_of(request)
    if session is None or who.kind != "session":
        raise Problem(403, "only people have passwords")
    with turn():
        found = checked_user(site, Attempt(who.name, present, client_address(request)))
    if isinstance(found, Refused):
        return _account_page(request, who, _said(request, found), 429 if found.wait_us else 401)
    to = translation_to(language_of(request, who))
    if chosen != again:
        return _account_page(request, who, to.text(DIFFER), 422)
    if why := refusal(chosen, who.name):
        return _account_page(request, who, to.text(REFUSED, why=to.text(why)), 422)
    _replace(site, session, found, chosen)
    return enter(request, found, "/account?changed=1", "password_change")


def _replace(site: Site, session: Session, user: User, chosen: str) -> None:
    stored = hashed(chosen)
    with site.store.writing() as connection:
        set_password_hash(connection, user.id, stored)
        revoke_sessions_of(connection, session.user, site.now)
        log(connection, Line(site.now, user.name, "user_changed", user.name, {"password": True}))


def enter(request: Request, user: User, next_page: str, way: str) -> Response:
    """Begin a session and lead on to a page of this server, with the session's cookie."""
    site = site_of(request)
    token = begin_session(site, user, session_token(request), way)
    answer = RedirectResponse(next_page, 303)
    put_cookie(answer, site, cookie_name(site), token, round(site.settings.session_hours * SECONDS_AN_HOUR))
    return answer


def sign_in_form(
    request: Request, *, next_page: str = "", name: str = "", message: str = "", status: int = 200
) -> HTMLResponse:
    """The sign-in page."""
    provider = site_of(request).provider
    content = {
        "next_page": page_after(next_page),
        "name": name[:100],
        "message": message,
        "provider": "" if provider is None else provider.label,
        "provider_page": f"/sign-in/provider?{urlencode({'next': page_after(next_page)})}",
    }
    return page(request, "signin.html", None, status, **content)


def _refused(request: Request, refused: Refused, name: str, next_page: str) -> Response:
    said, status = _said(request, refused), 429 if refused.wait_us else 401
    form = sign_in_form(request, next_page=next_page, name=name, message=said, status=status)
    if refused.wait_us:
        form.headers["Retry-After"] = str(ceil(refused.wait_us / US_A_SECOND))
    return form


def _said(request: Request, refused: Refused) -> str:
    to = translation_to(language_of(request, None))
    return to.text(LATER, n=ceil(refused.wait_us / US_A_SECOND)) if refused.wait_us else to.text(WRONG)


def _account_page(request: Request, who: Identity, message: str, status: int) -> Response:
    site, to = site_of(request), translation_to(language_of(request, who))
    with site.store.reading() as connection:
        user = user_named(connection, who.name)
    changed = not message and "changed" in request.query_params
    content = {
        "name": who.name,
        "message": to.text(CHANGED) if changed else message,
        "changed": changed,
        "has_password": user is not None and user.password_hash is not None,
    }
    return page(request, "account.html", who, status, **content)
