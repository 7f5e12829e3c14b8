"""Disagreements of model and rules at `/disagreements`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from serving.pages.cursor import key_of
from serving.pages.disagreements import AskedKind, Kind, disagreements
from serving.web.credentials import site_of
from serving.web.pages.reader import Seer, counts_of, reader, telling
from serving.web.render import language_of, respond

router = APIRouter(include_in_schema=False)


@router.get("/disagreements")
def listed(
    request: Request, who: Seer, kind: Kind = "model_only", after: Annotated[str, Query(max_length=40_000)] = ""
) -> Response:
    """Leads that one side calls ripe and the other does not."""
    site, language = site_of(request), language_of(request, who)
    place = key_of("priority", after) if after else None
    asked = AskedKind(kind, place, language, telling(site, language), site.settings.stale_after_hours)
    context = disagreements(site.store, counts_of(request), reader(who), asked)
    return respond(request, "disagreements.html", context, who, asked_after=place is not None)
