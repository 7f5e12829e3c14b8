"""Accounts of the current publication: a page of them by their best lead, and all that is kept of one."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, case, func, or_, select, tuple_

from serving.store.lead_keys import Key, Scope, Visible
from serving.store.leads import COLUMNS, LeadRow
from serving.store.schema import ACCOUNT, LEAD, columns_of


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
    """Accounts by the priority of their best open lead, and the place after which the next page begins."""
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
    if after is not None:
        grouped = grouped.having(tuple_(best, LEAD.c.account_key) < tuple_(*after))
    rows = connection.execute(grouped.order_by(best.desc(), LEAD.c.account_key.desc()).limit(limit + 1)).all()
    found = [AccountRow(*row) for row in rows[:limit]]
    return found, (found[-1].best_priority, found[-1].account_key) if len(rows) > limit else None


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
