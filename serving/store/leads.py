"""Leads of the current publication: a page of the worklist, how many there are, and what they can be filtered by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, func, literal_column, not_, or_, select, tuple_

from serving.store.schema import LEAD, LEAD_ACTION

Place = Literal["open", "snoozed", "do_not_contact", "customer"]
Sort = Literal["priority", "score", "change", "due", "company"]
Reading = Connection
"""A connection inside a transaction."""
PLACES: tuple[Place, ...] = get_args(Place)
SORTS: tuple[Sort, ...] = get_args(Sort)
Visible = tuple[str | None, ...] | None
"""Owners whose leads somebody sees, None among them for the pool; None alone: everybody's."""
Key = tuple[Any, str]
"""What a lead is ordered by, and its id: the place after which the next page begins."""
Order = tuple[ColumnElement[Any], bool]
"""What leads are ordered by (then by id), and whether downwards."""
FAR_US = 1 << 62
LAST_NAME = "\U0010ffff"
MOST_SOURCES = 100


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose leads of which publication, and now in microseconds (a snooze may have ended)."""

    publication: int
    visible: Visible
    now: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which leads, in which order; None: whatever it is."""

    place: Place = "open"
    sort: Sort = "priority"
    band: str | None = None
    stage: str | None = None
    agreement: str | None = None
    contact: str | None = None
    source: str | None = None
    sales_qualified: bool | None = None
    search: str | None = None


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


_COLUMNS = tuple(LEAD.c[name] for name in LeadRow.__slots__)
_ROWS = select(*_COLUMNS).where(
    LEAD.c.publication == bindparam("publication"), LEAD.c.lead_id.in_(bindparam("lead_ids", expanding=True))
)
_OPEN = and_(LEAD.c.is_open, not_(LEAD.c.do_not_contact), not_(LEAD.c.customer))
_KEYS: Mapping[Sort, Order] = {
    "priority": (LEAD.c.priority, True),
    "score": (func.coalesce(LEAD.c.score, -1), True),
    "change": (func.coalesce(LEAD.c.score - LEAD.c.score_before, 0), True),
    "due": (func.coalesce(LEAD.c.due_at, FAR_US), False),
    "company": (func.coalesce(LEAD.c.account_name, LAST_NAME), False),
}


def newest_action(connection: Connection) -> int:
    """Number of the newest action of a person; 0: none. It grows with everything that moves a lead by hand."""
    return connection.scalar(select(func.max(LEAD_ACTION.c.id))) or 0


def leads_page(
    connection: Connection, scope: Scope, wanted: Wanted, after: Key | None, limit: int
) -> tuple[list[LeadRow], Key | None]:
    """Leads after a place of the order, and the place after which the next page begins; None: these are the last.

    A page follows from values, never from a number of rows, so leads that come and go move nobody onto two pages.
    """
    key, descending = _KEYS[wanted.sort]
    filters = _filters(scope, wanted)
    if after is not None:
        here, there = tuple_(key, LEAD.c.lead_id), tuple_(*after)
        filters.append(here < there if descending else here > there)
    keys = _first_keys(connection, scope.visible, (key, descending), filters, limit + 1)
    shown = keys[:limit]
    return _rows_of(connection, scope.publication, [lead_id for _, lead_id in shown]), (
        shown[-1] if len(keys) > limit else None
    )


def place_counts(connection: Connection, scope: Scope) -> Mapping[Place, int]:
    """How many leads there are in each place."""
    counts = dict.fromkeys(PLACES, 0)
    for owned in _owned(scope.visible):
        query = select(_place(scope.now).label("place"), func.count()).where(
            LEAD.c.publication == scope.publication, owned
        )
        for place, n in connection.execute(query.group_by(literal_column("place"))):
            if place is not None:
                counts[place] += n
    return counts


def agreement_counts(connection: Reading, scope: Scope) -> Mapping[str, int]:
    """How many open leads there are by agreement of model and rules."""
    counts: dict[str, int] = {}
    for owned in _owned(scope.visible):
        query = select(LEAD.c.agreement, func.count()).where(*_filters(scope, Wanted()), owned)
        for agreement, n in connection.execute(query.group_by(LEAD.c.agreement)):
            if agreement is not None:
                counts[agreement] = counts.get(agreement, 0) + n
    return counts


def lead_choices(connection: Connection, scope: Scope) -> Choices:
    """What the leads that somebody sees can be filtered by, in order."""
    found: list[set[str]] = [set(), set()]
    for owned in _owned(scope.visible):
        for column, values in zip((LEAD.c.band, LEAD.c.source), found, strict=True):
            query = select(column).where(LEAD.c.publication == scope.publication, column.is_not(None), owned)
            values.update(connection.scalars(query.distinct().limit(MOST_SOURCES)))
    return Choices(*(tuple(sorted(values)[:MOST_SOURCES]) for values in found))


def neighbours(connection: Connection, scope: Scope, lead: Key) -> tuple[str | None, str | None]:
    """Ids of the open leads before and after a lead (its priority and id) in the worklist; None at its ends."""
    here, there = tuple_(LEAD.c.priority, LEAD.c.lead_id), tuple_(*lead)
    return (
        _first(connection, scope, here > there, descending=False),
        _first(connection, scope, here < there, descending=True),
    )


def _first(connection: Connection, scope: Scope, beyond: ColumnElement[bool], *, descending: bool) -> str | None:
    filters = [*_filters(scope, Wanted()), beyond]
    found = _first_keys(connection, scope.visible, (LEAD.c.priority, descending), filters, 1)
    return found[0][1] if found else None


def _first_keys(
    connection: Connection, visible: Visible, order: Order, filters: Sequence[ColumnElement[bool]], limit: int
) -> list[Key]:
    """Keys of the first leads: each owner's from an index, then put together."""
    key, descending = order
    by = [one.desc() if descending else one.asc() for one in (key, LEAD.c.lead_id)]
    found: list[Key] = []
    for owned in _owned(visible):
        query = select(key, LEAD.c.lead_id).where(*filters, owned).order_by(*by).limit(limit)
        found += [(row[0], row[1]) for row in connection.execute(query)]
    return sorted(found, reverse=descending)[:limit]


def _rows_of(connection: Connection, publication: int, lead_ids: Sequence[str]) -> list[LeadRow]:
    """Rows of leads, in the order of their ids."""
    found = connection.execute(_ROWS, {"publication": publication, "lead_ids": lead_ids})
    rows = {row[0]: LeadRow(*row) for row in found}
    return [rows[lead_id] for lead_id in lead_ids]


def _owned(visible: Visible) -> list[ColumnElement[bool]]:
    """One condition for each owner, so that each is answered from an index."""
    if visible is None:
        return [LEAD.c.lead_id.is_not(None)]
    return [LEAD.c.owner.is_(None) if owner is None else LEAD.c.owner == owner for owner in dict.fromkeys(visible)]


def _filters(scope: Scope, wanted: Wanted) -> list[ColumnElement[bool]]:
    filters = [LEAD.c.publication == scope.publication, *_in_place(wanted.place, scope.now)]
    for name in ("band", "stage", "agreement", "contact", "source", "sales_qualified"):
        if (value := getattr(wanted, name)) is not None:
            filters.append(LEAD.c[name] == value)
    for word in (wanted.search or "").lower().split():
        filters.append(LEAD.c.search.contains(word, autoescape=True))
    return filters


def _snoozed(now: int) -> ColumnElement[bool]:
    return and_(LEAD.c.snoozed_until.is_not(None), LEAD.c.snoozed_until > now)


def _awake(now: int) -> ColumnElement[bool]:
    return or_(LEAD.c.snoozed_until.is_(None), LEAD.c.snoozed_until <= now)


def _in_place(place: Place, now: int) -> list[ColumnElement[bool]]:
    if place == "customer":
        return [LEAD.c.customer]
    if place == "do_not_contact":
        return [LEAD.c.do_not_contact, not_(LEAD.c.customer)]
    return [_OPEN, _awake(now) if place == "open" else _snoozed(now)]


def _place(now: int) -> ColumnElement[Any]:
    """The place of a lead; null: it is closed and in none."""
    return case(
        (LEAD.c.customer, "customer"),
        (LEAD.c.do_not_contact, "do_not_contact"),
        (not_(LEAD.c.is_open), None),
        (_snoozed(now), "snoozed"),
        else_="open",
    )


def whole_rows(connection: Connection, publication: int, lead_ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """All columns of some leads, in the order of the ids; those that are not there are left out."""
    query = select(LEAD).where(LEAD.c.publication == publication, LEAD.c.lead_id.in_(lead_ids))
    rows = {row["lead_id"]: dict(row) for row in connection.execute(query).mappings()}
    return [rows[lead_id] for lead_id in lead_ids if lead_id in rows]
