"""What would change the score of a lead, at `/what-if/{lead_id}`."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from serving.language.translations import translation_to
from serving.pages.what_if import usual_of, what_if
from serving.web.pages.reader import Seer
from serving.web.pages.seen_lead import LeadId, beside_lead
from serving.web.render import respond

router = APIRouter(include_in_schema=False)


@router.get("/what-if/{lead_id:path}")
def changes(request: Request, who: Seer, lead_id: LeadId) -> Response:
    """What a rep could bring about, and what the model would make of it."""
    at = beside_lead(request, who, lead_id)
    context = what_if(at.found, at.served.bundle, usual_of(at.document("usual")), translation_to(at.language))
    return respond(request, "what_if.html", context, who)
