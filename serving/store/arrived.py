"""Interactions that arrived by the API, as a publication takes them in."""

import json
from typing import Any

from sqlalchemy import Connection, bindparam, select

from serving.store.schema import INTERACTION

_OF_ACCOUNT = (
    select(INTERACTION.c.row).where(INTERACTION.c.account_key == bindparam("account")).order_by(INTERACTION.c.id)
)


def arrived_rows(connection: Connection) -> list[dict[str, Any]]:
    """Canonical rows of all interactions that arrived, in the order of their arrival."""
    rows = connection.scalars(select(INTERACTION.c.row).order_by(INTERACTION.c.id))
    return [json.loads(text) for text in rows]


def rows_of_account(connection: Connection, account_key: str) -> list[dict[str, Any]]:
    """Canonical rows of the interactions of one account that arrived, in the order of their arrival."""
    return [json.loads(text) for text in connection.scalars(_OF_ACCOUNT, {"account": account_key})]
