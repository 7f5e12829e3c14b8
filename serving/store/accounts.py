"""Accounts of the current publication: a page of them by their best lead, and all that is kept of one."""

from collections.abc import Collection
from dataclasses import dataclass
from math import inf

from sqlalchemy import ColumnElement, Connection, case, func, literal_column, or_, select, tuple_

from serving.store.lead_keys import IN_PUBLICATION, OWNED, Key, Scope, Visible, owners
from serving.store.leads import COLUMNS, LeadRow
from serving.store.schema import ACCOUNT, LEAD, columns_of

LOOKS = (256, 4_096)
"""So many leads of each owner are looked at for the next accounts before all are."""
NO_MORE = -inf


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account with leads that are open: how many, the highest priority and score, and all priorities together."""

    account_key: str
    name: str | None
    leads: int
    qualified: int
    best_priority: float
    best_score: int | None
    priorities: float


@dataclass(frozen=True, slots=True)
class AccountKept:
    """What the store keeps of an account; `history` is packed (`serving.live.account_history`)."""

    account_key: str
    account_id: str | None
    name: str | None
    history: bytes


def accounts_page(
    connection: Connection, scope: Scope, after: Key | None, limit: int
) -> tuple[list[AccountRow], Key | None]:
    """Accounts by the priority of their best open lead, and the place after which the next page begins.

    The next accounts are mostly those of the next leads: only where these do not fill the page all leads are read.
    """
    for looked in LOOKS:
        keys, above = _of_next_leads(connection, scope, after, looked)
        rows = [row for row in _summed(connection, scope, after, keys) if row.best_priority > above]
        if len(rows) > limit or above == NO_MORE:
            break
    else:
        rows = _summed(connection, scope, after, None, limit + 1)
    found = rows[:limit]
    return found, (found[-1].best_priority, found[-1].account_key) if len(rows) > limit else None


def _of_next_leads(connection: Connection, scope: Scope, after: Key | None, most: int) -> tuple[set[str], float]:
    """Accounts of the next leads of each owner, and the priority above which no other account can come before them."""
    keys: set[str] = set()
    above = NO_MORE
    for whose, owner in owners(scope.visible):
        wanted = select(LEAD.c.account_key, LEAD.c.priority).where(IN_PUBLICATION, LEAD.c.is_open, OWNED[whose])
        if after is not None:
            wanted = wanted.where(LEAD.c.priority <= after[0])
        ordered = wanted.order_by(LEAD.c.priority.desc()).limit(literal_column(str(most)))
        rows = connection.execute(ordered, {"publication": scope.publication, **owner}).all()
        keys.update(row.account_key for row in rows)
        above = max(above, rows[-1].priority) if len(rows) == most else above
    return keys, above


def _summed(
    connection: Connection, scope: Scope, after: Key | None, keys: Collection[str] | None, limit: int | None = None
) -> list[AccountRow]:
    """Accounts after a place by their best open lead, of some keys or (None) of all."""
    best = func.max(LEAD.c.priority)
    grouped = (
        select(
            LEAD.c.account_key,
            func.max(LEAD.c.account_name),
            func.count(),
            func.sum(case((LEAD.c.sales_qualified, 1), else_=0)),
            best,
            func.max(LEAD.c.score),
            func.sum(LEAD.c.priority),
        )
        .where(LEAD.c.publication == scope.publication, LEAD.c.is_open, _seen(scope.visible))
        .group_by(LEAD.c.account_key)
    )
    if keys is not None:
        grouped = grouped.where(LEAD.c.account_key.in_(keys))
    if after is not None:
        grouped = grouped.having(tuple_(best, LEAD.c.account_key) < tuple_(*after))
    ordered = grouped.order_by(best.desc(), LEAD.c.account_key.desc()).limit(limit)
    return [AccountRow(*row) for row in connection.execute(ordered)]


def account_kept(connection: Connection, publication: int, account_key: str) -> AccountKept | None:
    """An account; None where there is none of this key."""
    chosen = select(*columns_of(ACCOUNT, AccountKept)).where(
        ACCOUNT.c.publication == publication, ACCOUNT.c.account_key == account_key
    )
    row = connection.execute(chosen).first()
    return None if row is None else AccountKept(*row)


def leads_of_account(connection: Connection, scope: Scope, account_key: str, limit: int) -> list[LeadRow]:
    """The leads of an account that somebody sees, open ones first, by priority."""
    chosen = (
        select(*COLUMNS)
        .where(LEAD.c.publication == scope.publication, LEAD.c.account_key == account_key, _seen(scope.visible))
        .order_by(LEAD.c.is_open.desc(), LEAD.c.priority.desc(), LEAD.c.lead_id)
        .limit(limit)
    )
    return [LeadRow(*row) for row in connection.execute(chosen)]


def _seen(visible: Visible) -> ColumnElement[bool]:
    if visible is None:
        return LEAD.c.lead_id.is_not(None)
    named = [owner for owner in visible if owner is not None]
    pool = [LEAD.c.owner.is_(None)] if None in visible else []
    return or_(LEAD.c.owner.in_(named), *pool)
