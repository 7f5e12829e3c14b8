"""Similar won and lost leads of the past, at `/similar/{lead_id}`."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from serving.identity.who import sees
from serving.live.past_in_use import DOCUMENT, PastInUse
from serving.pages.similar import Named, similar_page
from serving.store.lead_records import names_of
from serving.web.pages.reader import Seer
from serving.web.pages.seen_lead import LeadId, beside_lead
from serving.web.render import respond

router = APIRouter(include_in_schema=False)


@router.get("/similar/{lead_id:path}")
def similar(request: Request, who: Seer, lead_id: LeadId) -> Response:
    """Leads to which the model gave the most similar reasons before they were won or lost."""
    at, past = beside_lead(request, who, lead_id), request.app.state.past
    assert isinstance(past, PastInUse)
    publication, text = at.found.lead.publication, at.document(DOCUMENT)
    known = None if text is None else past.of(publication, text, at.served.bundle)

    def named(ids: list[str]) -> Named:
        with at.site.store.reading() as connection:
            rows = names_of(connection, publication, ids)
        return {row.lead_id: (row.name, row.company) for row in rows if sees(who, row.owner)}

    context = similar_page(at.found, known, at.served.bundle, at.served.phrases[at.language], named)
    return respond(request, "similar.html", context, who)
