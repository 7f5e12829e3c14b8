"""What a worker does beside answering: it takes new models, and scores leads that wait for it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from serving.live.catching_up import CatchingUp
from serving.store.publications import current
from serving.web.site import Site

LOOKS_EVERY_S = 1.0
"""How often a worker looks whether another model was promoted."""
CATCHES_UP_EVERY_S = 0.5
"""How often a worker looks for leads that wait for a new score."""
logger = logging.getLogger("ripelead.web")


@asynccontextmanager
async def background(site: Site) -> AsyncIterator[None]:
    """The work goes on inside; at the end what is being done is done, so that the store can be closed."""
    stopping = asyncio.Event()
    waiting = CatchingUp(site.store, site.project)
    steps = [(LOOKS_EVERY_S, lambda: _look_at_models(site)), (CATCHES_UP_EVERY_S, lambda: _catch_up(site, waiting))]
    tasks = [asyncio.create_task(_again_and_again(stopping, seconds, step)) for seconds, step in steps]
    try:
        yield
    finally:
        stopping.set()
        await asyncio.gather(*tasks)


async def _again_and_again(stopping: asyncio.Event, seconds: float, step: Callable[[], None]) -> None:
    while not stopping.is_set():
        await asyncio.to_thread(step)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), seconds)


def _look_at_models(site: Site) -> None:
    _take_model(site)
    try:
        with site.store.reading() as connection:
            published = current(connection)
        if published is not None:
            site.model.served_as(published.model_version)  # the published scores are told by the model that gave them
    except Exception:
        logger.exception("the model of the published scores could not be read; its reasons are told by name alone")


def _take_model(site: Site) -> None:
    """Take the model, and every one that is promoted later, without a request waiting for it."""
    try:
        if not site.model.refresh():
            return
    except Exception:
        logger.exception("the promoted model could not be looked at; the former goes on")
        return
    if site.model.refused is not None:
        logger.error("refused model %s: %s", site.model.refused.version[:12], site.model.refused.reason)
    elif site.model.served is not None:
        logger.info("scoring with model %s", site.model.served.bundle.version[:12])


def _catch_up(site: Site, waiting: CatchingUp) -> None:
    """Score the leads whose interactions arrived and that no request scored anew, as after a kill."""
    served = site.model.served
    try:
        if served is not None:
            waiting.step(served.bundle, site.now)
    except Exception:
        logger.exception("leads with new interactions could not be scored anew; they will be tried again")
