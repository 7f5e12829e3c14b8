"""Routes of signing in with the company's identity provider (OpenID Connect)."""

import logging
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from serving.identity.buckets import Rate
from serving.identity.oidc import Flow, OidcError, Person, code_of, flow_of, flow_text, new_flow, person_of
from serving.identity.tokens import hash_of
from serving.language.translations import msg, translation_to
from serving.store.audit import Line, log
from serving.store.rates import give_back, take, take_one_of_each
from serving.store.users import (
    NewUser,
    User,
    add_user,
    revoke_sessions_of,
    set_access,
    user_named,
    user_of_subject,
)
from serving.web.attempts import BY_ADDRESS, NOBODY, turn
from serving.web.credentials import client_address, cookie_name, drop_cookie, put_cookie, site_of
from serving.web.limits import US_A_SECOND, too_many
from serving.web.problems import Problem
from serving.web.render import language_of
from serving.web.signin import enter, sign_in_form
from serving.web.site import Site

if TYPE_CHECKING:
    from serving.identity.provider import Provider

router = APIRouter(include_in_schema=False)
RETURN = "/sign-in/provider/return"
FLOW_S = 600
ONCE = Rate(1 / 1440, 1)
"""A flow is good for one answer; its cookie is gone long before the bucket is full again."""
FAILED = msg("The sign-in with {provider} did not work. Begin again, or ask your administrator.")
NO_ROLE = msg("Your account at {provider} has no role here. Ask your administrator.")
logger = logging.getLogger("ripelead.web")


@router.get("/sign-in/provider")
def begin(request: Request, next: str = "") -> Response:
    """Lead the browser to the provider; what its answer must match stays in a cookie of ten minutes."""
    site, provider, flow = site_of(request), _provider(request), new_flow(next)
    try:
        with turn():
            where = provider.begin(flow, _return_address(request), site.now // US_A_SECOND)
    except OidcError as error:
        return _failed(request, error)
    answer = RedirectResponse(where, 303)
    put_cookie(answer, site, _flow_cookie(site), flow_text(flow), FLOW_S)
    return answer


@router.get(RETURN)
def finish(request: Request) -> Response:
    """Take the provider's answer: begin a session, or say that there is none."""
    site, provider = site_of(request), _provider(request)
    limit = {f"signin:from:{hash_of(client_address(request))}": BY_ADDRESS}
    with site.store.writing() as connection:
        grant = take_one_of_each(connection, limit, site.now)
    if grant.tokens == 0:
        raise too_many("too many attempts", grant.wait_us)
    flow = flow_of(request.cookies.get(_flow_cookie(site), ""))
    try:
        if flow is None:
            raise OidcError("no sign-in is under way in this browser")
        with turn():
            person = _person(request, provider, flow)
        user = _user(site, person)
    except OidcError as error:
        return _failed(request, error)
    if user is None:
        return _without_flow(site, _form(request, NO_ROLE, 403))
    with site.store.writing() as connection:
        give_back(connection, limit, site.now)
    return _without_flow(site, enter(request, user, flow.next_page, "provider"))


def _person(request: Request, provider: "Provider", flow: Flow) -> Person:
    site = site_of(request)
    code = code_of(request.query_params, flow, provider.client.issuer)
    with site.store.writing() as connection:
        if take(connection, f"oidc:{hash_of(flow.state)}", ONCE, 1, site.now).tokens == 0:
            raise OidcError("this sign-in was answered before")
    claims = provider.finish(code, flow, _return_address(request), site.now // US_A_SECOND)
    return person_of(claims, provider.client.settings)


def _user(site: Site, person: Person) -> User | None:
    """The user a person is, made at the first sign-in, with the role that their groups give now; None: none."""
    with site.store.writing() as connection:
        known = user_of_subject(connection, person.subject)
        if person.role is None or (known is not None and known.disabled_at is not None):
            if known is not None:  # who lost their role has no session any more either
                revoke_sessions_of(connection, known.id, site.now)
            log(connection, Line(site.now, NOBODY, "sign_in_failed", None if known is None else known.name))
            return None
        if known is not None:
            set_access(connection, known.id, person.role, person.owner or known.owner)
            return known
        if user_named(connection, person.name) is not None:  # a name alone proves nothing
            raise OidcError(f"the name {person.name} is another user's: see `ripelead user link`")
        add_user(connection, NewUser(person.name, person.role, person.owner, subject=person.subject), site.now)
        log(connection, Line(site.now, "provider", "user_added", person.name, {"role": person.role}))
        return user_named(connection, person.name)


def _provider(request: Request) -> "Provider":
    provider = site_of(request).provider
    if provider is None:
        raise Problem(404, "no identity provider is set up ([serve.oidc])")
    return provider


def _return_address(request: Request) -> str:
    site = site_of(request)
    here = f"{request.url.scheme}://{request.headers.get('host', 'localhost')}"
    return f"{site.settings.public_url or here}{RETURN}"


def _flow_cookie(site: Site) -> str:
    return f"{cookie_name(site)}-flow"


def _without_flow(site: Site, answer: Response) -> Response:
    drop_cookie(answer, site, _flow_cookie(site))
    return answer


def _failed(request: Request, error: OidcError) -> Response:
    logger.warning("sign-in with the provider: %s", error)
    return _without_flow(site_of(request), _form(request, FAILED, 401))


def _form(request: Request, message: str, status: int) -> Response:
    to = translation_to(language_of(request, None))
    said = to.text(message, provider=_provider(request).label)
    return sign_in_form(request, message=said, status=status)
