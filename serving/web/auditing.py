"""Writing down who saw and did what, from a route."""

from collections.abc import Sequence

from fastapi import Request

from serving.identity.audit import Action
from serving.identity.sightings import Sightings
from serving.identity.who import Identity
from serving.store.audit import Line, log
from serving.web.credentials import site_of
from serving.web.looks import STATE
from serving.web.site import Site


def write_down(request: Request, who: Identity, action: Action, about: str | None, **details: object) -> None:
    """Add a line to the log in a transaction of its own; use `serving.store.audit.log` inside another one.

    Raises:
        SinkError: the line could not be written; then what it tells must not happen either.
    """
    site = site_of(request)
    with site.store.writing() as connection:
        log(connection, Line(site.now, who.name, action, about, details))


def write_lines(site: Site, lines: Sequence[Line]) -> None:
    """Add lines to the log in one transaction; one alone, as most come, is one.

    Raises:
        SinkError: they could not be written.
    """
    with site.store.at_once() if len(lines) == 1 else site.store.writing() as connection:
        log(connection, *lines)


def saw_lead(request: Request, who: Identity, lead_id: str) -> None:
    """Have it written down that somebody is shown a lead's personal page, before the answer begins.

    Again within ten minutes nothing is written.
    """
    sightings: Sightings = request.app.state.sightings
    now = site_of(request).now
    if sightings.is_new(who.name, lead_id, now):
        request.scope["state"][STATE].append(Line(now, who.name, "lead_seen", lead_id))
