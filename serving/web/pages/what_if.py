"""What would change the score of a lead, at `/what-if/{lead_id}`."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from serving.language.translations import translation_to
from serving.pages.what_if import usual_of, what_if
from serving.store.lead_records import document
from serving.web.credentials import site_of
from serving.web.pages.reader import Seer
from serving.web.pages.seen_lead import LeadId, seen_lead
from serving.web.render import language_of, respond

router = APIRouter(include_in_schema=False)


@router.get("/what-if/{lead_id:path}")
def changes(request: Request, who: Seer, lead_id: LeadId) -> Response:
    """What a rep could bring about, and what the model would make of it."""
    site = site_of(request)
    found = seen_lead(request, who, lead_id)
    with site.store.reading() as connection:
        usual = usual_of(document(connection, found.lead.publication, "usual"))
    bundle = site.model.required().bundle
    context = what_if(found, bundle, usual, translation_to(language_of(request, who)))
    return respond(request, "what_if.html", context, who)
