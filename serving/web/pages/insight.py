"""Pages about the whole: the model, the funnel, and the quality of the data."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from features.errors import ModelRefusedError
from serving.identity.who import Identity
from serving.pages.drift import published_drift
from serving.pages.funnel_page import AskedFunnel, funnel_page
from serving.pages.model_page import model_page
from serving.pages.plots import calibration_plot, gain_plot, gain_table
from serving.pages.quality import AskedQuality, quality
from serving.web.access import needs
from serving.web.credentials import site_of
from serving.web.render import language_of, respond
from serving.web.site import Site
from training.registry import registry_of

router = APIRouter(include_in_schema=False)


@router.get("/model")
def model(request: Request, who: Annotated[Identity, needs("model")]) -> Response:
    """The champion, how it did, and how it came there."""
    site = site_of(request)
    context = model_page(registry_of(site.project), site.model, published_drift(site.store), language_of(request, who))
    results = context.results
    return respond(
        request,
        "model.html",
        context,
        who,
        calibration=None if results is None else calibration_plot(results.reliability),
        gain=None if results is None else gain_plot(results.gain),
        gains=() if results is None else gain_table(results.gain),
    )


@router.get("/funnel")
def funnel(request: Request, who: Annotated[Identity, needs("funnel")]) -> Response:
    """How many leads go how far, and what they cost."""
    site = site_of(request)
    asked = AskedFunnel(site.now, site.settings.stale_after_hours, language_of(request, who))
    return respond(request, "funnel.html", funnel_page(site.store, asked), who)


@router.get("/quality")
def data_quality(request: Request, who: Annotated[Identity, needs("quality")]) -> Response:
    """What was read, used and quarantined, and what the audit suspects."""
    site = site_of(request)
    language = language_of(request, who)
    asked = AskedQuality(site.now, site.settings.stale_after_hours, language, _audit(site))
    return respond(request, "quality.html", quality(site.store, asked), who)


def _audit(site: Site) -> Path | None:
    """Where the audit of the champion's training lies."""
    try:
        return registry_of(site.project).bundle_path("champion").parent / "audit.json"
    except ModelRefusedError:
        return None
