"""The log of who saw and changed what: lines are added, read for a stated purpose, and forgotten in time."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from serving.identity.audit import KEPT_FOR, Action, Purpose
from serving.store.schema import AUDIT

_ADDED = insert(AUDIT)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: who did what to which object (a lead, a user, a key), with details as JSON holds them."""

    at: int
    who: str
    action: Action
    object: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    purpose: Purpose | None = None
    """None: what the action is kept for."""


def log(connection: Connection, *lines: Line) -> None:
    """Add lines (at least one), in the transaction of what they tell."""
    connection.execute(_ADDED, [_row(line) for line in lines])


def _row(line: Line) -> dict[str, Any]:
    return {
        "at": line.at,
        "who": line.who,
        "action": line.action,
        "object": line.object,
        "purpose": line.purpose or KEPT_FOR[line.action],
        "details": json.dumps(line.details, ensure_ascii=False, sort_keys=True),
    }


def lines(
    connection: Connection, since_us: int, until_us: int, actions: Iterable[Action], about: str | None
) -> list[Line]:
    """Lines from `since_us` to before `until_us` with one of these actions, about one object where one is named."""
    query = select(AUDIT).where(AUDIT.c.at >= since_us, AUDIT.c.at < until_us, AUDIT.c.action.in_(sorted(actions)))
    if about is not None:
        query = query.where(AUDIT.c.object == about)
    return [
        Line(row.at, row.who, row.action, row.object, json.loads(row.details), row.purpose)
        for row in connection.execute(query.order_by(AUDIT.c.at, AUDIT.c.id))
    ]


def forget_lines(connection: Connection, before_us: int) -> int:
    """Delete lines that are older than they may be kept; how many."""
    return int(connection.execute(delete(AUDIT).where(AUDIT.c.at < before_us)).rowcount)
