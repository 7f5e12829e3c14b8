"""Indexes of the leads that are worked on, in each order of the worklist."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
OPEN, DO_NOT_CONTACT, CUSTOMER = (sa.column(name, sa.Boolean) for name in ("is_open", "do_not_contact", "customer"))
WORKED = sa.and_(OPEN, sa.not_(DO_NOT_CONTACT), sa.not_(CUSTOMER))
ORDERED_BY = {
    "score": "coalesce(score, -1)",
    "change": "coalesce(score - score_before, 0)",
    "due": f"coalesce(due_at, {1 << 62})",
    "company": "coalesce(account_name, '\U0010ffff')",
}


def upgrade() -> None:
    """Add the indexes."""
    for name, key in ORDERED_BY.items():
        _index(f"ix_lead_by_{name}", ["publication", sa.text(key), "lead_id"])
        _index(f"ix_lead_owner_by_{name}", ["publication", "owner", sa.text(key), "lead_id"])


def _index(name: str, columns: Sequence[str | sa.TextClause]) -> None:
    op.create_index(name, "lead", columns, postgresql_where=WORKED, sqlite_where=WORKED)
