"""The app: routes, middlewares and errors put together around one site."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

from serving.live.past_in_use import PastInUse
from serving.pages.page_counts import PageCounts
from serving.web import health, oidc, signin
from serving.web.api.routers import API
from serving.web.background import background
from serving.web.guards import GuardedApp
from serving.web.pages.routers import PAGES
from serving.web.problems import add_problems
from serving.web.site import Site
from serving.web.static_files import STATIC

ROUTERS: tuple[APIRouter, ...] = (*API, *PAGES, health.router, signin.router, oidc.router)


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
    app.state.past = PastInUse()
    add_problems(app)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    site: Site = app.state.site
    try:
        async with background(site):
            yield
    finally:
        site.store.close()
