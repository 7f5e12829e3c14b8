"""`GET /v1/funnel`: the figures of the funnel as they were published."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic_core import to_json

from serving.identity.who import Identity
from serving.store.publications import current, document
from serving.web.access import needs
from serving.web.api.description import problems
from serving.web.api.leads import nothing_published
from serving.web.api.times import said_time
from serving.web.credentials import site_of
from serving.web.negotiation import JSON
from serving.web.problems import Problem

router = APIRouter(prefix="/v1", tags=["funnel"])


@dataclass(frozen=True, slots=True)
class Funnel:
    """Rows of the command `funnel`, as of the publication; `note` says what could not be told."""

    as_of: str
    rows: tuple[Mapping[str, Any], ...]
    note: str | None


@router.get("/funnel", response_model=Funnel, responses=problems(404))
def funnel(request: Request, _who: Annotated[Identity, needs("funnel")]) -> Response:
    """Leads by stage and month, how many came through, what they cost, and what is expected of the open ones."""
    site = site_of(request)
    with site.store.reading() as connection:
        published = current(connection)
        if published is None:
            raise nothing_published()
        body = document(connection, published.id, "funnel")
    if body is None:
        raise Problem(404, "there is no funnel: the leads of this project are not dated")
    found = json.loads(body)
    return Response(
        to_json(Funnel(said_time(published.as_of), tuple(found["rows"]), found.get("note"))), media_type=JSON
    )
