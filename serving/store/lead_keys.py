"""Which leads, and in which order: one statement for each shape of a question, put together once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, get_args

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    literal,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
    union_all,
)

from serving.store.schema import LEAD, ORDERED_BY, WORKED, orders

Place = Literal["open", "snoozed", "do_not_contact", "customer"]
Sort = Literal["priority", "score", "change", "due", "company"]
Whose = Literal["anybody", "nobody", "one"]
PLACES: tuple[Place, ...] = get_args(Place)
SORTS: tuple[Sort, ...] = get_args(Sort)
Visible = tuple[str | None, ...] | None
"""Owners whose leads somebody sees, None among them for the pool; None alone: everybody's."""
Key = tuple[Any, str]
"""What a lead is ordered by, and its id: the place after which the next page begins."""
FILTERS = ("band", "stage", "agreement", "contact", "source", "sales_qualified")
MOST_SHAPES = 2_000
_ESCAPE = "/"


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
class _Shape:
    """What a statement of keys depends on; all else is a parameter of it."""

    place: Place
    sort: Sort
    filters: tuple[str, ...]
    words: int
    whose: Whose
    after: bool
    limit: int
    backwards: bool = False


_NOW = bindparam("now", type_=BigInteger)
AWAKE = or_(LEAD.c.snoozed_until.is_(None), LEAD.c.snoozed_until <= _NOW)
SNOOZED = and_(LEAD.c.snoozed_until.is_not(None), LEAD.c.snoozed_until > _NOW)
IN_PUBLICATION = LEAD.c.publication == bindparam("publication", type_=Integer)
IN_PLACE: Mapping[Place, ColumnElement[bool]] = {
    "open": and_(WORKED, AWAKE),
    "snoozed": and_(WORKED, SNOOZED),
    "do_not_contact": and_(LEAD.c.do_not_contact, not_(LEAD.c.customer)),
    "customer": LEAD.c.customer,
}
OWNED: Mapping[Whose, ColumnElement[bool]] = {
    "anybody": LEAD.c.lead_id.is_not(None),
    "nobody": LEAD.c.owner.is_(None),
    "one": LEAD.c.owner == bindparam("owner", type_=Text),
}
_DOWNWARDS: Mapping[Sort, bool] = {"priority": True, "score": True, "change": True, "due": False, "company": False}
_KEYS = {"priority": LEAD.c.priority, **ORDERED_BY}
"""What leads are ordered by, then by id."""
_SIFTED_KEYS = {"priority": LEAD.c.priority, **orders(literal)}
"""The same in words of no index: where few leads pass a filter, the worklist's index, which holds all that is filtered
by, and a sort cost a tenth of looking at rows in the order of an index that does not."""


def first_keys(connection: Connection, scope: Scope, wanted: Wanted, after: Key | None, limit: int) -> list[Key]:
    """Keys of the first leads of the order, after a place in it.

    Each owner's come from an index of their own, and are put together here.
    """
    filters = tuple(name for name in FILTERS if getattr(wanted, name) is not None)
    words = (wanted.search or "").lower().split()
    values: dict[str, Any] = {"publication": scope.publication}
    if wanted.place in ("open", "snoozed"):
        values["now"] = scope.now
    values |= {name: getattr(wanted, name) for name in filters}
    values |= {f"word_{n}": _containing(word) for n, word in enumerate(words)}
    if after is not None:
        values |= dict(zip(("after_key", "after_id"), after, strict=True))
    found: list[Key] = []
    for whose, owner in owners(scope.visible):
        shape = _Shape(wanted.place, wanted.sort, filters, len(words), whose, after is not None, limit)
        found += [(key, lead_id) for key, lead_id in connection.execute(_statement(shape), {**values, **owner})]
    return sorted(found, reverse=_DOWNWARDS[wanted.sort])[:limit]


def keys_beside(connection: Connection, scope: Scope, lead: Key) -> tuple[Key | None, Key | None]:
    """The open leads before and after a place in the order of priority; None at its ends."""
    values = {"publication": scope.publication, "now": scope.now, "after_key": lead[0], "after_id": lead[1]}
    sides: tuple[list[Key], list[Key]] = [], []
    for whose, owner in owners(scope.visible):
        for side, key, lead_id in connection.execute(_beside(whose), {**values, **owner}):
            sides[side].append((key, lead_id))
    before, after = sides
    return min(before, default=None), max(after, default=None)


def owners(visible: Visible) -> list[tuple[Whose, Mapping[str, str]]]:
    """One condition of `OWNED` for each owner with its parameter, so that each is answered from an index."""
    if visible is None:
        return [("anybody", {})]
    return [("nobody", {}) if owner is None else ("one", {"owner": owner}) for owner in dict.fromkeys(visible)]


@lru_cache(maxsize=MOST_SHAPES)
def _statement(shape: _Shape) -> Select[Any]:
    sifted = shape.filters or shape.words or shape.place != "open"
    key = (_SIFTED_KEYS if sifted else _KEYS)[shape.sort]
    where = [IN_PUBLICATION, IN_PLACE[shape.place], OWNED[shape.whose]]
    where += [LEAD.c[name] == bindparam(name, type_=LEAD.c[name].type) for name in shape.filters]
    where += [LEAD.c.search.like(bindparam(f"word_{n}", type_=Text), escape=_ESCAPE) for n in range(shape.words)]
    descending = _DOWNWARDS[shape.sort] != shape.backwards
    if shape.after:
        here = tuple_(key, LEAD.c.lead_id)
        there = tuple_(bindparam("after_key", type_=key.type), bindparam("after_id", type_=Text))
        where.append(here < there if descending else here > there)
    by = [one.desc() if descending else one.asc() for one in (key, LEAD.c.lead_id)]
    # Written out: PostgreSQL plans anew each time while its plan for any limit looks dearer than that for this one.
    return select(key, LEAD.c.lead_id).where(*where).order_by(*by).limit(literal_column(str(shape.limit)))


@lru_cache(maxsize=len(OWNED))
def _beside(whose: Whose) -> CompoundSelect[Any]:
    """The leads before (side 0) and after a place, by one statement: to ask costs more than to find them."""
    nearest = _Shape("open", "priority", (), 0, whose, after=True, limit=1)
    sides = [_statement(shape).subquery() for shape in (replace(nearest, backwards=True), nearest)]
    return union_all(*(select(literal_column(str(n)), *side.c) for n, side in enumerate(sides)))


def _containing(word: str) -> str:
    for sign in (_ESCAPE, "%", "_"):
        word = word.replace(sign, _ESCAPE + sign)
    return f"%{word}%"
