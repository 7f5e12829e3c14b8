"""Health: alive, and ready to score; without a sign-in and without anything that only insiders should know."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from features.errors import SinkError
from serving.web.site import Site

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/ready", responses={503: {"description": "not ready"}})
def ready(request: Request) -> Response:
    """Whether requests can be answered: the store is reachable; a model is loaded, or there is none to load."""
    site: Site = request.app.state.site
    checks = {"store": _store(site), "model": _model(site)}
    bad = [name for name, state in checks.items() if state in ("unreachable", "loading")]
    return JSONResponse({"status": "unavailable" if bad else "ok", **checks}, 503 if bad else 200)


def _store(site: Site) -> str:
    try:
        with site.store.reading():
            return "ok"
    except SinkError:
        return "unreachable"


def _model(site: Site) -> str:
    if site.model.served is not None:
        return "ok" if site.model.refused is None else "former"
    return "none" if site.model.looked else "loading"
