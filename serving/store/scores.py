"""Scores of leads that are made anew between two publications."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, text, update

from serving.store.schema import LEAD


@dataclass(frozen=True, slots=True)
class OpenLead:
    """An open lead of a publication: its account, and what a win would be worth (None: not known)."""

    lead_id: str
    account_key: str
    value: float | None


def open_leads_of(connection: Connection, publication: int, keys: Sequence[str]) -> list[OpenLead]:
    """The open leads of accounts."""
    columns = (LEAD.c.lead_id, LEAD.c.account_key, LEAD.c.value)
    query = select(*columns).where(LEAD.c.publication == publication, LEAD.c.is_open, LEAD.c.account_key.in_(keys))
    return [OpenLead(*row) for row in connection.execute(query.order_by(LEAD.c.lead_id))]


def write_scores(connection: Connection, publication: int, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Bring scored columns of leads up to date, and add points to their past; the leads that were.

    A lead whose row is of a later time already stays as it is.
    """
    written = []
    for row in rows:
        values = {name: value for name, value in row.items() if name != "lead_id"}
        here = (LEAD.c.publication == publication, LEAD.c.lead_id == row["lead_id"], LEAD.c.as_of <= row["as_of"])
        change = update(LEAD).where(*here).values(**values, revision=LEAD.c.revision + 1)
        if connection.execute(change).rowcount:
            written.append(row["lead_id"])
            connection.execute(
                text(
                    "INSERT INTO score_point (lead_id, as_of, model_version, score, propensity) "
                    "VALUES (:lead_id, :as_of, :model_version, :score, :propensity) ON CONFLICT DO NOTHING"
                ),
                {name: row[name] for name in ("lead_id", "as_of", "model_version", "score", "propensity")},
            )
    return written
