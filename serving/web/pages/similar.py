"""Similar won and lost leads of the past, at `/similar/{lead_id}`."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from serving.identity.who import sees
from serving.live.past_in_use import DOCUMENT, PastInUse
from serving.pages.similar import Named, similar_page
from serving.store.lead_records import document, names_of
from serving.web.credentials import site_of
from serving.web.pages.reader import Seer
from serving.web.pages.seen_lead import LeadId, seen_lead
from serving.web.render import language_of, respond

router = APIRouter(include_in_schema=False)


@router.get("/similar/{lead_id:path}")
def similar(request: Request, who: Seer, lead_id: LeadId) -> Response:
    """Leads to which the model gave the most similar reasons before they were won or lost."""
    site = site_of(request)
    found = seen_lead(request, who, lead_id)
    served, past = site.model.required(), request.app.state.past
    assert isinstance(past, PastInUse)
    publication = found.lead.publication
    with site.store.reading() as connection:
        text = document(connection, publication, DOCUMENT)
    known = None if text is None else past.of(publication, text, served.bundle)

    def named(ids: list[str]) -> Named:
        with site.store.reading() as connection:
            rows = names_of(connection, publication, ids)
        return {row.lead_id: (row.name, row.company) for row in rows if sees(who, row.owner)}

    context = similar_page(found, known, served.bundle, served.phrases[language_of(request, who)], named)
    return respond(request, "similar.html", context, who)
