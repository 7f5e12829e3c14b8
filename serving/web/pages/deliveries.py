"""Messages to other systems at `/deliveries`: what waits, what is dead and why, and sending it again."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import StringConstraints

from features.webhook_settings import WebhookSettings
from serving.identity.who import Identity
from serving.language.translations import msg
from serving.pages.deliveries import Asked, deliveries
from serving.store.audit import Line, log
from serving.store.outbox import State, replay
from serving.web.access import needs
from serving.web.credentials import site_of
from serving.web.negotiation import wants_page
from serving.web.problems import Problem
from serving.web.render import language_of, respond

router = APIRouter(include_in_schema=False)
Keeper = Annotated[Identity, needs("webhooks")]
MessageId = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_-]{1,200}$")]
STATES: Mapping[State, str] = {
    "dead": msg("Not delivered"),
    "pending": msg("Waiting"),
    "delivered": msg("Delivered"),
}
PAGE = "/deliveries"


@router.get(PAGE)
def show(
    request: Request, who: Keeper, state: State = "dead", after: Annotated[str, Query(max_length=300)] = ""
) -> Response:
    """A page of messages of one state."""
    site, language = site_of(request), language_of(request, who)
    named = site.project.section("serve.webhooks", WebhookSettings).endpoints
    context = deliveries(site.store, Asked(state, after, language, tuple(one.name for one in named)))
    return respond(request, "deliveries.html", context, who, delivery_states=STATES, asked_after=bool(after))


@router.post(f"{PAGE}/replay")
def send_again(
    request: Request,
    who: Keeper,
    ids: Annotated[list[MessageId] | None, Form(alias="id", max_length=1_000)] = None,
    everything: Annotated[bool, Form(alias="all")] = False,
) -> Response:
    """Let dead messages be sent again: those that are named, or all of them."""
    if bool(ids) == everything:
        raise Problem(422, "expected ids of messages that were not delivered, or all=true")
    site = site_of(request)
    with site.store.writing() as connection:
        number = replay(connection, None if everything else ids, site.now)
        details = {"messages": number, "ids": "all" if everything else ids}
        log(connection, Line(site.now, who.name, "webhook_replayed", None, details))
    if wants_page(request):
        return RedirectResponse(f"{PAGE}?state=pending", 303)
    return JSONResponse({"replayed": number})
