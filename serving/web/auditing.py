"""Writing down who saw and did what, from a route."""

from fastapi import Request

from serving.identity.audit import Action
from serving.identity.sightings import Sightings
from serving.identity.who import Identity
from serving.store.audit import Line, log
from serving.web.credentials import site_of


def write_down(request: Request, who: Identity, action: Action, about: str | None, **details: object) -> None:
    """Add a line to the log in a transaction of its own; use `serving.store.audit.log` inside another one.

    Raises:
        SinkError: the line could not be written; then what it tells must not happen either.
    """
    site = site_of(request)
    with site.store.writing() as connection:
        log(connection, Line(site.now, who.name, action, about, details))


def saw_lead(request: Request, who: Identity, lead_id: str) -> None:
    """Write down that somebody is shown a lead's personal page; again within ten minutes nothing is written.

    Raises:
        SinkError: the line could not be written; then the page must not be shown.
    """
    sightings: Sightings = request.app.state.sightings
    if not sightings.is_new(who.name, lead_id, site_of(request).now):
        return
    try:
        write_down(request, who, "lead_seen", lead_id)
    except BaseException:
        sightings.forget(who.name, lead_id)
        raise
