"""Who reads lists of leads, and how those are told to them."""

from typing import Annotated

from fastapi import Request

from serving.identity.who import Identity, visible_owners
from serving.pages.lead_lines import Telling
from serving.pages.page_counts import PageCounts
from serving.pages.worklist import Reader
from serving.render import VERSION_LENGTH
from serving.web.access import needs
from serving.web.site import Site

Seer = Annotated[Identity, needs("leads.own_and_pool")]


def reader(who: Identity) -> Reader:
    """Somebody as the lists know them."""
    return Reader(who.owner, visible_owners(who))


def telling(site: Site, language: str) -> Telling:
    """How lists are told to somebody of a language."""
    phrases = {one.bundle.version[:VERSION_LENGTH]: one.phrases[language] for one in site.model.known}
    return Telling(site.now, site.settings.crm_record, phrases)


def counts_of(request: Request) -> PageCounts:
    """The counts that the app keeps."""
    kept: PageCounts = request.app.state.page_counts
    return kept
