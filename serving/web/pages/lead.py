"""The page of one lead at `/leads/{lead_id}`."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from serving.identity.who import Identity
from serving.language.translations import translation_to
from serving.pages.lead import Ground, lead_page
from serving.pages.lead_score import Model
from serving.pages.neighbours import around
from serving.pages.score_history import score_history
from serving.web.credentials import site_of
from serving.web.negotiation import wants_page
from serving.web.pages.reader import Seer, reader
from serving.web.pages.seen_lead import LeadId, seen_in
from serving.web.problems import Problem
from serving.web.render import language_of, page, respond
from serving.web.site import Site

router = APIRouter(include_in_schema=False)


@router.get("/leads/{lead_id:path}")
def lead(request: Request, who: Seer, lead_id: LeadId) -> Response:
    """Everything about one lead."""
    return lead_answer(request, who, lead_id)


def lead_answer(
    request: Request, who: Identity, lead_id: str, notice: str | None = None, status: int = 200
) -> Response:
    """The page of a lead, with a notice above it where something could not be done.

    Raises:
        Problem: 404, there is no such lead, or none that they see.
    """
    site = site_of(request)
    with site.store.reading() as connection:
        found = seen_in(connection, request, who, lead_id)
        beside = around(connection, reader(who), found.lead, site.now) if wants_page(request) else None
    context = lead_page(found, ground_of(site, language_of(request, who), found.lead.model_version))
    if notice is not None and not wants_page(request):
        raise Problem(status, notice)
    if wants_page(request):
        more = {
            "notice": notice,
            "may_act": who.may("leads.act"),
            "around": beside,
            "picture": score_history(context.scores, context.timeline),
        }
        return page(request, "lead.html", who, status, context=context, **more)
    return respond(request, "lead.html", context, who)


def ground_of(site: Site, language: str, version: str) -> Ground:
    """What pages of leads need of the site, in a language; a score is told by the model that gave it."""
    served = site.model.served_as(version) or site.model.served
    horizon = None if site.training.label.column is not None else site.training.label.horizon_days
    return Ground(
        rules=site.project.rules,
        frameworks=site.frameworks,
        stages=site.stages,
        zone=site.zone,
        crm_record=site.settings.crm_record,
        model=None if served is None else Model(served.bundle, served.phrases[language], horizon),
        to=translation_to(language),
        now=site.now,
    )
