"""The leads before and after one in the worklist of whoever reads."""

from dataclasses import dataclass

from serving.pages.worklist import Reader
from serving.store.connection import Transaction
from serving.store.lead_keys import Scope
from serving.store.lead_records import LeadRecord
from serving.store.leads import neighbours


@dataclass(frozen=True, slots=True)
class Around:
    """Ids of the leads before and after; None at the ends of the list."""

    before: str | None
    after: str | None


def around(connection: Transaction, reader: Reader, lead: LeadRecord, now: int) -> Around:
    """The neighbours of a lead among the open leads by priority."""
    scope = Scope(lead.publication, reader.visible, now)
    return Around(*neighbours(connection, scope, (lead.priority, lead.lead_id)))
