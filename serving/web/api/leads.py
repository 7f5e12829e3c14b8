"""`GET /v1/leads`, one of them, and its reasons."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from serving.identity.who import Identity, visible_owners
from serving.language.phrases import Phrases
from serving.live.acts import state_of
from serving.pages.cursor import cursor_of, key_of
from serving.publish.kept_reasons import read_reasons
from serving.reasons import Reason
from serving.render import VERSION_LENGTH
from serving.store.lead_keys import Place, Scope, Sort, Wanted
from serving.store.leads import leads_page, whole_rows
from serving.store.publications import current
from serving.web.access import must_see, needs, no_lead
from serving.web.api.description import problems
from serving.web.api.lead_answers import Lead, lead_answer
from serving.web.api.rows import READABLE, Absent
from serving.web.api.times import said_time
from serving.web.auditing import saw_lead
from serving.web.credentials import site_of
from serving.web.negotiation import JSON
from serving.web.problems import Problem
from serving.web.site import Site

router = APIRouter(prefix="/v1", tags=["leads"])
LeadId = Annotated[str, Path(min_length=1, max_length=500, pattern=READABLE, examples=["L-1042"])]
Word = Annotated[str, Field(min_length=1, max_length=200, pattern=READABLE)]
Seer = Annotated[Identity, needs("leads.own_and_pool")]
Language = Literal["en", "de", "da"]


class LeadsQuery(BaseModel):
    """Which leads, in which order; what is left out filters nothing."""

    model_config = ConfigDict(extra="forbid")
    place: Annotated[
        Place, Field(description="open leads; or those that are snoozed, not to be contacted, customers")
    ] = "open"
    sort: Annotated[Sort, Field(description="the first: highest priority or score, largest change, earliest due")] = (
        "priority"
    )
    band: Word | Absent = None
    stage: Word | Absent = None
    agreement: Word | Absent = None
    contact: Word | Absent = None
    source: Word | Absent = None
    sales_qualified: bool | Absent = None
    search: Annotated[Word | Absent, Field(description="words of id, name, company, title or address")] = None
    after: Annotated[str | None, Field(min_length=1, max_length=4_000, description="`next` of the page before")] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class ReasonsQuery(BaseModel):
    """The language of the sentences."""

    model_config = ConfigDict(extra="forbid")
    language: Language = "en"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of leads; `next` is the cursor of the one after it, null: there is none."""

    as_of: str
    leads: tuple[Lead, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Reasons:
    """The points of a lead's score: they sum to it. Where its model is not in use any more, sentences are names."""

    lead_id: str
    as_of: str
    model_version: str
    score: int | None
    reasons: tuple[Reason, ...]


@router.get("/leads", response_model=Page, responses=problems(422))
def leads(request: Request, who: Seer, asked: Annotated[LeadsQuery, Query()]) -> Response:
    """A page of the leads that the requester sees, in an order that stands still while pages are turned."""
    site = site_of(request)
    after = None if asked.after is None else key_of(asked.sort, asked.after)
    wanted = Wanted(**asked.model_dump(exclude={"after", "limit"}))
    with site.store.reading() as connection:
        published = current(connection)
        if published is None:
            raise nothing_published()
        scope = Scope(published.id, visible_owners(who), site.now)
        rows, last = leads_page(connection, scope, wanted, after, asked.limit)
        whole = whole_rows(connection, published.id, [row.lead_id for row in rows])
    page = Page(
        said_time(published.as_of),
        tuple(lead_answer(row) for row in whole),
        None if last is None else cursor_of(asked.sort, last),
    )
    return Response(to_json(page), media_type=JSON)


@router.get("/leads/{lead_id:path}/reasons", response_model=Reasons, responses=problems(404, 422))
def reasons(request: Request, who: Seer, lead_id: LeadId, asked: Annotated[ReasonsQuery, Query()]) -> Response:
    """Why a lead has its score: points by feature, and a sentence each."""
    site = site_of(request)
    row = row_of(site, who, lead_id)
    saw_lead(request, who, lead_id)
    said = Reasons(
        lead_id,
        said_time(row["as_of"]),
        row["model_version"],
        row["score"],
        read_reasons(row["reasons"], phrases_for(site, row["model_version"], asked.language)),
    )
    return Response(to_json(said), media_type=JSON)


@router.get("/leads/{lead_id:path}", response_model=Lead, responses=problems(404, 422))
def lead(request: Request, who: Seer, lead_id: LeadId) -> Response:
    """A lead as it stands; its ETag can be sent back as If-Match with a decision."""
    row = row_of(site_of(request), who, lead_id)
    saw_lead(request, who, lead_id)
    return Response(to_json(lead_answer(row)), headers={"ETag": state_of(row)}, media_type=JSON)


def row_of(site: Site, who: Identity, lead_id: str) -> dict[str, Any]:
    """The row of a lead in the current publication.

    Raises:
        Problem: 404 where there is none, or none that they see; 503 before the first publication.
    """
    with site.store.reading() as connection:
        published = current(connection)
        if published is None:
            raise nothing_published()
        rows = whole_rows(connection, published.id, [lead_id])
    if not rows:
        raise no_lead(lead_id)
    must_see(who, lead_id, rows[0]["owner"])
    return dict(rows[0])


def phrases_for(site: Site, version: str, language: str) -> Phrases | None:
    """The words of a model's reasons; None where it is not in use any more."""
    served = site.model.served
    if served is None or served.bundle.version[:VERSION_LENGTH] != version:
        return None
    return served.phrases[language]


def nothing_published() -> Problem:
    """Before the first publication there is nothing to answer with."""
    return Problem(503, "nothing has been published yet: run `ripelead publish`", {"Retry-After": "60"})
