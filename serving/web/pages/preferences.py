"""In which language and colours somebody reads: kept with who is signed in, and in cookies for before that."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from serving.identity.paths import page_after
from serving.identity.who import Identity
from serving.language.translations import LANGUAGES
from serving.store.users import set_preferences, user_named
from serving.web.access import session_of
from serving.web.credentials import site_of
from serving.web.render import LANGUAGE_COOKIE, THEME_COOKIE, THEMES
from serving.web.site import Site

router = APIRouter(include_in_schema=False)
ONE_YEAR_S = 31_536_000
Chosen = Annotated[str, Form(max_length=20)]


@router.post("/preferences")
def prefer(
    request: Request, language: Chosen = "", theme: Chosen = "", next: Annotated[str, Form(max_length=5_000)] = "/"
) -> Response:
    """Take a language or colours, and lead back to the page; what is not known is left as it was."""
    site, session = site_of(request), session_of(request)
    new_language = language if language in LANGUAGES else None
    new_theme = theme if theme in THEMES else None
    if session is not None:
        _keep(site, session.identity, new_language, new_theme)
    answer = RedirectResponse(page_after(next) if not next.startswith("/sign-in") else next, 303)
    for cookie, value in ((LANGUAGE_COOKIE, new_language), (THEME_COOKIE, new_theme)):
        if value is not None:
            answer.set_cookie(
                cookie, value, max_age=ONE_YEAR_S, path="/", secure=site.is_secure, httponly=True, samesite="lax"
            )
    return answer


def _keep(site: Site, who: Identity, language: str | None, theme: str | None) -> None:
    with site.store.writing() as connection:
        user = user_named(connection, who.name)
        if user is not None:
            set_preferences(connection, user.id, language or user.language, theme or user.theme)
