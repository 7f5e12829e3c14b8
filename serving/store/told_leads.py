"""Leads as webhooks tell of them: those that a publication moved to another stage, and single ones."""

from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, Select, and_, select

from serving.store.publications import CURRENT_NUMBER, FORMER
from serving.store.schema import LEAD, PUBLICATION, columns_of


@dataclass(frozen=True, slots=True)
class ToldLead:
    """The columns of a lead that may leave the house; times in microseconds since 1970, `reasons` JSON."""

    lead_id: str
    stage: str
    stage_since: int | None
    score: int | None
    propensity: float | None
    band: str | None
    sales_qualified: bool | None
    bant_met: int | None
    bant_qualified: bool | None
    reasons: str
    owner: str | None
    as_of: int
    model_version: str


COLUMNS = columns_of(LEAD, ToldLead)


def moved_leads(connection: Connection, number: int) -> list[ToldLead]:
    """Leads of a publication whose stage is another one than in the publication before; none after the first.

    Of leads that were not there before, those count that entered their stage since then: a backlog is no news.
    """
    before = connection.execute(
        select(PUBLICATION.c.id, PUBLICATION.c.as_of)
        .where(PUBLICATION.c.state == FORMER, PUBLICATION.c.id < number)
        .order_by(PUBLICATION.c.id.desc())
    ).first()
    if before is None:
        return []
    old = LEAD.alias("old")
    same = and_(old.c.publication == before.id, old.c.lead_id == LEAD.c.lead_id)
    new = and_(old.c.lead_id.is_(None), LEAD.c.stage_since >= before.as_of)
    chosen = select(*COLUMNS).select_from(LEAD.outerjoin(old, same))
    moved = chosen.where(LEAD.c.publication == number, (old.c.stage != LEAD.c.stage) | new)
    return _all(connection, moved.order_by(LEAD.c.lead_id))


def told_lead(connection: Connection, lead_id: str) -> ToldLead | None:
    """A lead of the current publication; None where there is none of that id."""
    found = _all(connection, select(*COLUMNS).where(LEAD.c.publication == CURRENT_NUMBER, LEAD.c.lead_id == lead_id))
    return found[0] if found else None


def _all(connection: Connection, chosen: Select[tuple[object, ...]]) -> list[ToldLead]:
    return [_told(row) for row in connection.execute(chosen).mappings()]


def _told(row: RowMapping) -> ToldLead:
    return ToldLead(**row)
