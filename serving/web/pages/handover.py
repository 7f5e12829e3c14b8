"""The hand-over package of a lead at `/handovers/{lead_id}`: a page to read and print, or its JSON."""

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from serving.handover.as_json import handover_from_json, handover_json
from serving.handover.content import Handover
from serving.handover.page import handover_page
from serving.language.translations import translation_to
from serving.pages.handover import Packing, handover_of
from serving.pages.lead import Found
from serving.pages.what_if import usual_of
from serving.store.kept_pages import keep_page, kept_page
from serving.web.negotiation import wants_page
from serving.web.pages.reader import Seer
from serving.web.pages.seen_lead import Beside, LeadId, beside_lead
from serving.web.render import VARY

router = APIRouter(include_in_schema=False)
NAME = "handover"


@router.get("/handovers/{lead_id:path}")
def handover(request: Request, who: Seer, lead_id: LeadId) -> Response:
    """Everything that sales needs to know of a lead, to read and to print."""
    at = beside_lead(request, who, lead_id)
    made = _of_seen(_package(at), at.found)
    if wants_page(request):
        text = handover_page(made)
        return HTMLResponse(text, headers={"Content-Security-Policy": _policy(text), "Vary": VARY})
    return Response(handover_json(made), media_type="application/json", headers={"Vary": VARY})


def _of_seen(made: Handover, found: Found) -> Handover:
    """The package with those of the buying team whom the reader sees; the others are counted."""
    seen = {one.lead_id for one in found.colleagues}
    members = tuple(one for one in made.team.members if one.is_lead or one.lead_id in seen)
    hidden = len(made.team.members) - len(members)
    return replace(made, team=replace(made.team, members=members, further=made.team.further + hidden))


def _package(at: Beside) -> Handover:
    """The package as it was kept, or made anew where the lead, the publication or the model changed."""
    site, lead, served = at.site, at.found.lead, at.served
    key, version = (lead.lead_id, NAME, at.language), f"{lead.publication}.{lead.revision}.{served.bundle.version[:12]}"
    with site.store.reading() as connection:
        kept = kept_page(connection, key, version)
    if kept is not None:
        return handover_from_json(kept)
    packing = Packing(
        site.project,
        site.training,
        served.bundle,
        served.phrases[at.language],
        translation_to(at.language),
        site.now,
        usual_of(at.document("usual")),
    )
    made = handover_of(at.found, packing)
    with site.store.writing() as connection:
        keep_page(connection, key, version, handover_json(made), site.now)
    return made


def _policy(page: str) -> str:
    """The page brings its own style, which is allowed by its hash, and nothing else."""
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
