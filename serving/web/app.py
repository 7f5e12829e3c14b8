"""The app: routes, middlewares and errors put together around one site."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

from serving.pages.page_counts import PageCounts
from serving.web import health, oidc, signin
from serving.web.api.routers import API
from serving.web.guards import GuardedApp
from serving.web.pages.routers import PAGES
from serving.web.problems import add_problems
from serving.web.site import Site
from serving.web.static_files import STATIC

ROUTERS: tuple[APIRouter, ...] = (health.router, signin.router, oidc.router, *API, *PAGES)
LOOKS_EVERY_S = 1.0
"""How often a worker looks whether another model was promoted."""
logger = logging.getLogger("ripelead.web")


def create_app(site: Site) -> FastAPI:
    """The application that serves a site; the site is closed when the application ends."""
    app = GuardedApp(
        title="Ripelead",
        version=version("ripelead"),
        summary="Which leads are ripe, and why.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        lifespan=_lifespan,
    )
    app.state.site = site
    app.state.page_counts = PageCounts()
    add_problems(app)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    site: Site = app.state.site
    watching = asyncio.create_task(_watch(site))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        site.store.close()


async def _watch(site: Site) -> None:
    """Take the model, and every one that is promoted later, without a request waiting for it."""
    while True:
        try:
            if await asyncio.to_thread(site.model.refresh):
                _say(site)
        except Exception:
            logger.exception("the promoted model could not be looked at; the former goes on")
        await asyncio.sleep(LOOKS_EVERY_S)


def _say(site: Site) -> None:
    if site.model.refused is not None:
        logger.error("refused model %s: %s", site.model.refused.version[:12], site.model.refused.reason)
    elif site.model.served is not None:
        logger.info("scoring with model %s", site.model.served.bundle.version[:12])
