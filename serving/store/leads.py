"""Leads of the current publication: a page of the worklist, how many there are, and what they can be filtered by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, literal_column, not_, select

from serving.store.lead_keys import (
    IN_PLACE,
    IN_PUBLICATION,
    OWNED,
    PLACES,
    SNOOZED,
    Key,
    Place,
    Scope,
    Wanted,
    first_keys,
    keys_beside,
    owners,
)
from serving.store.schema import LEAD, LEAD_ACTION, columns_of

Reading = Connection
"""A connection inside a transaction."""
MOST_SOURCES = 100


@dataclass(frozen=True, slots=True)
class LeadRow:
    """What a list shows of a lead, as the store holds it."""

    lead_id: str
    account_key: str
    account_id: str | None
    account_name: str | None
    name: str | None
    title: str | None
    source: str | None
    owner: str | None
    stage: str
    due_at: int | None
    snoozed_until: int | None
    do_not_contact: bool
    customer: bool
    is_open: bool
    as_of: int
    model_version: str
    score: int | None
    score_before: int | None
    band: str | None
    propensity: float | None
    sales_qualified: bool | None
    bant_met: int | None
    bant_qualified: bool | None
    criteria: str
    agreement: str | None
    contact: str | None
    value: float | None
    priority: float
    trend: str
    reasons: str


@dataclass(frozen=True, slots=True)
class Choices:
    """Bands and sources that leads have, for filters."""

    bands: tuple[str, ...]
    sources: tuple[str, ...]


COLUMNS = columns_of(LEAD, LeadRow)
_ROWS = select(*COLUMNS).where(
    LEAD.c.publication == bindparam("publication"), LEAD.c.lead_id.in_(bindparam("lead_ids", expanding=True))
)
_PLACE = case(
    (LEAD.c.customer, "customer"),
    (LEAD.c.do_not_contact, "do_not_contact"),
    (not_(LEAD.c.is_open), None),
    (SNOOZED, "snoozed"),
    else_="open",
)
"""The place of a lead; null: it is closed and in none."""
_NEWEST_ACTION = select(func.max(LEAD_ACTION.c.id))


def newest_action(connection: Connection) -> int:
    """Number of the newest action of a person; 0: none. It grows with everything that moves a lead by hand."""
    return connection.scalar(_NEWEST_ACTION) or 0


def leads_page(
    connection: Connection, scope: Scope, wanted: Wanted, after: Key | None, limit: int
) -> tuple[list[LeadRow], Key | None]:
    """Leads after a place of the order, and the place after which the next page begins; None: these are the last.

    A page follows from values, never from a number of rows, so leads that come and go move nobody onto two pages.
    """
    keys = first_keys(connection, scope, wanted, after, limit + 1)
    shown = keys[:limit]
    return _rows_of(connection, scope.publication, [lead_id for _, lead_id in shown]), (
        shown[-1] if len(keys) > limit else None
    )


def place_counts(connection: Connection, scope: Scope) -> Mapping[Place, int]:
    """How many leads there are in each place."""
    counts = dict.fromkeys(PLACES, 0)
    for whose, owner in owners(scope.visible):
        query = select(_PLACE.label("place"), func.count()).where(IN_PUBLICATION, OWNED[whose])
        values = {"publication": scope.publication, "now": scope.now, **owner}
        for place, n in connection.execute(query.group_by(literal_column("place")), values):
            if place is not None:
                counts[place] += n
    return counts


def agreement_counts(connection: Reading, scope: Scope) -> Mapping[str, int]:
    """How many open leads there are by agreement of model and rules."""
    counts: dict[str, int] = {}
    for whose, owner in owners(scope.visible):
        query = select(LEAD.c.agreement, func.count()).where(IN_PUBLICATION, IN_PLACE["open"], OWNED[whose])
        values = {"publication": scope.publication, "now": scope.now, **owner}
        for agreement, n in connection.execute(query.group_by(LEAD.c.agreement), values):
            if agreement is not None:
                counts[agreement] = counts.get(agreement, 0) + n
    return counts


def lead_choices(connection: Connection, scope: Scope) -> Choices:
    """What the leads that somebody sees can be filtered by, in order."""
    found: list[set[str]] = [set(), set()]
    for whose, owner in owners(scope.visible):
        for column, values in zip((LEAD.c.band, LEAD.c.source), found, strict=True):
            query = select(column).where(IN_PUBLICATION, column.is_not(None), OWNED[whose])
            distinct = query.distinct().limit(MOST_SOURCES)
            values.update(connection.scalars(distinct, {"publication": scope.publication, **owner}))
    return Choices(*(tuple(sorted(values)[:MOST_SOURCES]) for values in found))


def neighbours(connection: Connection, scope: Scope, lead: Key) -> tuple[str | None, str | None]:
    """Ids of the open leads before and after a lead (its priority and id) in the worklist; None at its ends."""
    before, after = keys_beside(connection, scope, lead)
    return (before[1] if before else None), (after[1] if after else None)


def _rows_of(connection: Connection, publication: int, lead_ids: Sequence[str]) -> list[LeadRow]:
    """Rows of leads, in the order of their ids."""
    found = connection.execute(_ROWS, {"publication": publication, "lead_ids": lead_ids}).all()
    rows = {row[0]: LeadRow(*row) for row in found}
    return [rows[lead_id] for lead_id in lead_ids]


def whole_rows(connection: Connection, publication: int, lead_ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """All columns of some leads, in the order of the ids; those that are not there are left out."""
    query = select(LEAD).where(LEAD.c.publication == publication, LEAD.c.lead_id.in_(lead_ids))
    rows = {row["lead_id"]: dict(row) for row in connection.execute(query).mappings()}
    return [rows[lead_id] for lead_id in lead_ids if lead_id in rows]
