"""The worklist at `/leads`."""

from dataclasses import asdict
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from serving.pages.cursor import key_of
from serving.pages.worklist import Asked, Filters, worklist
from serving.store.lead_keys import Place, Sort
from serving.web.credentials import site_of
from serving.web.pages.reader import Seer, counts_of, reader, telling
from serving.web.render import language_of, respond

router = APIRouter(include_in_schema=False)
Short = Annotated[str, Query(max_length=200)]
DEFAULTS = asdict(Filters())


class LeadsQuery(BaseModel):
    """The query of the worklist's address; what is left out or empty filters nothing."""

    tab: Place = "open"
    sort: Sort = "priority"
    owner: Short = ""
    band: Short = ""
    stage: Short = ""
    agreement: Short = ""
    contact: Short = ""
    source: Short = ""
    qualified: Short = ""
    search: Short = ""
    after: Annotated[str, Query(max_length=40_000)] = ""


@router.get("/")
def first_page() -> Response:
    """The first page is the worklist."""
    return RedirectResponse("/leads", 303)


@router.get("/leads")
def leads(request: Request, who: Seer, asked: Annotated[LeadsQuery, Query()]) -> Response:
    """A page of leads by priority, or as the query says."""
    site, language = site_of(request), language_of(request, who)
    texts = {name: text.replace("\0", " ").strip() for name, text in asked.model_dump(exclude={"after"}).items()}
    filters = Filters(**texts)
    after = key_of(filters.sort, asked.after) if asked.after else None
    wanted = Asked(filters, after, language, telling(site, language), site.settings.stale_after_hours)
    context = worklist(site.store, counts_of(request), reader(who), wanted)
    return respond(
        request,
        "worklist.html",
        context,
        who,
        address=partial(address, filters),
        filtered=any(getattr(filters, name) != DEFAULTS[name] for name in DEFAULTS if name not in ("tab", "sort")),
        asked_after=after is not None,
    )


def address(filters: Filters, **changes: str) -> str:
    """Address of the worklist with these filters, some of them changed; defaults are left out.

    >>> address(Filters(search="a&b", band="A"), band="", after="x")
    '/leads?search=a%26b&after=x'
    """
    query = {name: getattr(filters, name) for name in DEFAULTS} | changes
    said = {name: value for name, value in query.items() if value != DEFAULTS.get(name, "")}
    return f"/leads?{urlencode(said)}" if said else "/leads"
