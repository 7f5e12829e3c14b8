"""What people do with leads: rows that are only ever added, and the lead's own row, changed with them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from serving.store.connection import Store
from serving.store.publications import current, held_publication
from serving.store.schema import LEAD, LEAD_ACTION

Details = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody did; `details` and `seen` are as JSON holds them, `stage_event` is the text of the event."""

    lead_id: str
    at: int
    kind: str
    by: str
    reason: str | None
    note: str | None
    details: Details
    seen: Details
    stage_event: str | None
    id: int = 0
    """Its number; 0 before it is stored."""


def lead_to_change(connection: Connection, lead_id: str) -> Mapping[str, Any] | None:
    """The row of a lead in the current publication, held for this transaction; None: there is none."""
    publication = held_publication(connection)
    if publication is None:
        return None
    here = (LEAD.c.publication == publication, LEAD.c.lead_id == lead_id)
    row = connection.execute(select(LEAD).where(*here).with_for_update()).mappings().one_or_none()
    return None if row is None else dict(row)


def next_moment(connection: Connection, lead_id: str, now: int) -> int:
    """Now, or just after the lead's newest action: actions take effect in the order in which they were stored."""
    newest = connection.scalar(select(func.max(LEAD_ACTION.c.at)).where(LEAD_ACTION.c.lead_id == lead_id))
    return now if newest is None else max(now, newest + 1)


def add_action(connection: Connection, action: Action) -> int:
    """Store an action; its number."""
    values = {name: getattr(action, name) for name in ("lead_id", "at", "kind", "by", "reason", "note", "stage_event")}
    told = {name: json.dumps(getattr(action, name), ensure_ascii=False) for name in ("details", "seen")}
    added = insert(LEAD_ACTION).values(**values, **told).returning(LEAD_ACTION.c.id)
    return int(connection.execute(added).scalar_one())


def change_lead(connection: Connection, row: Mapping[str, Any], values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Change a lead's row; the row as it stands then."""
    here = (LEAD.c.publication == row["publication"], LEAD.c.lead_id == row["lead_id"])
    changed = {**values, "revision": row["revision"] + 1}
    connection.execute(update(LEAD).where(*here).values(**changed))
    return {**row, **changed}


def actions_of(connection: Connection, lead_id: str, before: int | None, limit: int) -> list[Action]:
    """Actions on a lead, the newest first, those before a number where one is given."""
    query = select(LEAD_ACTION).where(LEAD_ACTION.c.lead_id == lead_id)
    if before is not None:
        query = query.where(LEAD_ACTION.c.id < before)
    rows = connection.execute(query.order_by(LEAD_ACTION.c.id.desc()).limit(limit)).mappings()
    return [_action(dict(row)) for row in rows]


def actions_after(
    connection: Connection, after: int, kinds: Sequence[str] | None, owners: Sequence[str | None] | None, limit: int
) -> list[Action]:
    """Actions in the order in which they were made: of some kinds, on leads of some owners (None among them: of the
    pool); None alone: of all.
    """
    query = select(LEAD_ACTION).where(LEAD_ACTION.c.id > after)
    if kinds is not None:
        query = query.where(LEAD_ACTION.c.kind.in_(kinds))
    if owners is not None:
        publication = current(connection)
        named = LEAD.c.owner.in_([owner for owner in owners if owner is not None])
        mine = or_(named, LEAD.c.owner.is_(None)) if None in owners else named
        number = -1 if publication is None else publication.id
        visible = select(LEAD.c.lead_id).where(LEAD.c.publication == number, mine)
        query = query.where(LEAD_ACTION.c.lead_id.in_(visible))
    return [_action(dict(row)) for row in connection.execute(query.order_by(LEAD_ACTION.c.id).limit(limit)).mappings()]


def all_actions(
    store: Store, kinds: Sequence[str] | None, owners: Sequence[str | None] | None, at_once: int = 1_000
) -> Iterator[Action]:
    """The same, as many as there are; some at a time, so that no transaction lasts as long as a slow reader."""
    after = 0
    while True:
        with store.reading() as connection:
            some = actions_after(connection, after, kinds, owners, at_once)
        if not some:
            return
        yield from some
        after = some[-1].id


def _action(row: Mapping[str, Any]) -> Action:
    names = ("id", "lead_id", "at", "kind", "by", "reason", "note", "stage_event")
    return Action(
        **{name: row[name] for name in names}, details=json.loads(row["details"]), seen=json.loads(row["seen"])
    )
