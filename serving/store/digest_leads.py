"""A rep's own leads from the current publication, as the morning's e-mail needs them."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, or_, select

from serving.store.publications import current
from serving.store.schema import LEAD, columns_of


@dataclass(frozen=True, slots=True)
class DigestLead:
    """One lead; `due_at` in microseconds since 1970, None where no clock runs."""

    lead_id: str
    name: str | None
    account_name: str | None
    stage: str
    due_at: int | None
    score: int | None
    score_before: int | None
    band: str | None
    sales_qualified: bool | None


@dataclass(frozen=True, slots=True)
class OwnLeads:
    """Leads of a rep: due before a time, the earliest first; others by priority; how many are open in all."""

    as_of: int
    due: tuple[DigestLead, ...]
    others: tuple[DigestLead, ...]
    open: int


def own_leads(connection: Connection, rep: str, now: int, due_before: int, most: int) -> OwnLeads | None:
    """The leads of a rep that may be contacted now; None before the first publication."""
    head = current(connection)
    if head is None:
        return None
    mine = _mine(head.id, rep, now)
    columns = columns_of(LEAD, DigestLead)
    due = select(*columns).where(mine, LEAD.c.due_at < due_before).order_by(LEAD.c.due_at, LEAD.c.lead_id)
    later = or_(LEAD.c.due_at.is_(None), LEAD.c.due_at >= due_before)
    others = select(*columns).where(mine, later).order_by(LEAD.c.priority.desc(), LEAD.c.lead_id).limit(most)
    number = connection.scalar(select(func.count()).select_from(LEAD).where(mine))
    return OwnLeads(
        head.as_of,
        tuple(DigestLead(*row) for row in connection.execute(due)),
        tuple(DigestLead(*row) for row in connection.execute(others)),
        int(number or 0),
    )


def _mine(publication: int, rep: str, now: int) -> ColumnElement[bool]:
    """Open leads of the rep, without those that are asleep, that must not be contacted, or that are customers."""
    awake = or_(LEAD.c.snoozed_until.is_(None), LEAD.c.snoozed_until <= now)
    free = LEAD.c.do_not_contact.is_(False) & LEAD.c.customer.is_(False)
    return (LEAD.c.publication == publication) & (LEAD.c.owner == rep) & LEAD.c.is_open.is_(True) & awake & free
