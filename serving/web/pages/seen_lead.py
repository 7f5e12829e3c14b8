"""The lead that a page is about: which one its address names, and what somebody who sees it is shown of it."""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Path, Query, Request

from serving.identity.who import Identity, sees
from serving.live.model_in_use import Served
from serving.pages.lead import Found, read_lead
from serving.store.connection import Transaction
from serving.store.publications import document
from serving.web.access import must_see, no_lead
from serving.web.auditing import saw_lead
from serving.web.credentials import site_of
from serving.web.render import language_of
from serving.web.site import Site

LONGEST_ID = 5_000


async def _named(
    lead_id: Annotated[str, Path(max_length=LONGEST_ID)], id: Annotated[str, Query(max_length=LONGEST_ID)] = ""
) -> str:
    return lead_id or id


LeadId = Annotated[str, Depends(_named)]
"""The id in the path, or in the query where no path can hold it: as `page_words.path_below` writes addresses."""


def seen_lead(request: Request, who: Identity, lead_id: str) -> Found:
    """One consistent view of what the store keeps of a lead; that it was looked at is written down.

    Raises:
        Problem: 404, there is no such lead, or none that they see.
    """
    with site_of(request).store.reading() as connection:
        return seen_in(connection, request, who, lead_id)


def seen_in(connection: Transaction, request: Request, who: Identity, lead_id: str) -> Found:
    """As `seen_lead`, for a page that reads more in the same view."""
    found = None if "\0" in lead_id else read_lead(connection, lead_id)
    if found is None:
        raise no_lead(lead_id)
    must_see(who, lead_id, found.lead.owner)
    saw_lead(request, who, lead_id)
    return replace(found, colleagues=tuple(one for one in found.colleagues if sees(who, one.owner)))


@dataclass(frozen=True, slots=True)
class Beside:
    """What a page beside a lead's own is made from: the lead as its reader sees it, their language, and the model."""

    site: Site
    language: str
    found: Found
    served: Served

    def document(self, name: str) -> str | None:
        """A document of the publication that the lead is of."""
        with self.site.store.reading() as connection:
            return document(connection, self.found.lead.publication, name)


def beside_lead(request: Request, who: Identity, lead_id: str) -> Beside:
    """What a page beside a lead's own is made from.

    Raises:
        Problem: as `seen_lead` does.
        ModelRefusedError: there is no model in use.
    """
    site, found = site_of(request), seen_lead(request, who, lead_id)
    return Beside(site, language_of(request, who), found, site.model.required())
