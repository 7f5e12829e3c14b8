"""Accounts at `/accounts`, and one of them below it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from serving.language.translations import translation_to
from serving.pages.accounts import AskedAccounts, account, accounts
from serving.pages.cursor import key_of
from serving.web.credentials import site_of
from serving.web.pages.reader import Seer, reader, telling
from serving.web.problems import Problem
from serving.web.render import language_of, respond

router = APIRouter(include_in_schema=False)


@router.get("/accounts")
def listed(request: Request, who: Seer, after: Annotated[str, Query(max_length=40_000)] = "") -> Response:
    """Accounts by the priority of their best lead."""
    place = key_of("priority", after) if after else None
    asked = _asked(request, language_of(request, who))
    context = accounts(site_of(request).store, reader(who), asked, place)
    return respond(request, "accounts.html", context, who, asked_after=place is not None)


@router.get("/accounts/{key:path}")
def one(request: Request, who: Seer, key: str, id: str = "") -> Response:
    """An account with its leads; `id` names one whose key cannot stand in a path."""
    site = site_of(request)
    asked, wanted = _asked(request, language_of(request, who)), site.project.team.roles
    context = account(site.store, reader(who), asked, wanted, (key or id).replace("\0", ""))
    if context is None:
        raise Problem(404, f"no account {(key or id)!r}")
    return respond(request, "account_page.html", context, who)


def _asked(request: Request, language: str) -> AskedAccounts:
    site = site_of(request)
    return AskedAccounts(translation_to(language), telling(site, language), site.settings.stale_after_hours)
