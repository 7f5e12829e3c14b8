"""Interactions that programs send: kept durably, each id once, beside the publication that they come after."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, text

from serving.store.schema import ACCOUNT, INTERACTION, LEAD

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Arrived:
    """An interaction as it is kept: its canonical row is JSON; times in microseconds."""

    interaction_id: str
    lead_id: str | None
    account_key: str
    occurred_at: int
    row: str


@dataclass(frozen=True, slots=True)
class KnownLead:
    """Whom an id means in the current publication."""

    account_key: str
    account_id: str | None
    owner: str | None


def known_leads(connection: Connection, publication: int, lead_ids: Iterable[str]) -> dict[str, KnownLead]:
    """Leads of a publication by id."""
    columns = (LEAD.c.lead_id, LEAD.c.account_key, LEAD.c.account_id, LEAD.c.owner)
    query = select(*columns).where(LEAD.c.publication == publication)
    found = (row for some in _parts(lead_ids) for row in connection.execute(query.where(LEAD.c.lead_id.in_(some))))
    return {row.lead_id: KnownLead(row.account_key, row.account_id, row.owner) for row in found}


def owners_of_accounts(
    connection: Connection, publication: int, account_ids: Iterable[str]
) -> dict[str, set[str | None]]:
    """Owners of the leads of accounts, None among them for the pool; accounts that are not known are left out."""
    found: dict[str, set[str | None]] = {}
    query = select(LEAD.c.account_key, LEAD.c.owner).where(LEAD.c.publication == publication)
    for some in _parts(account_ids):
        for key, owner in connection.execute(query.where(LEAD.c.account_key.in_(some))):
            found.setdefault(key, set()).add(owner)
    return found


def known_rows(connection: Connection, interaction_ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Canonical rows that arrived before, by id."""
    query = select(INTERACTION.c.interaction_id, INTERACTION.c.row)
    return {
        row.interaction_id: json.loads(row.row)
        for some in _parts(interaction_ids)
        for row in connection.execute(query.where(INTERACTION.c.interaction_id.in_(some)))
    }


def packed_histories(connection: Connection, publication: int, keys: Iterable[str]) -> dict[str, bytes]:
    """Histories of accounts as the publication has them (see `serving.live.account_history.unpacked`)."""
    query = select(ACCOUNT.c.account_key, ACCOUNT.c.history).where(ACCOUNT.c.publication == publication)
    return {
        row.account_key: row.history
        for some in _parts(keys)
        for row in connection.execute(query.where(ACCOUNT.c.account_key.in_(some)))
    }


def arrived_at(connection: Connection, keys: Iterable[str]) -> dict[str, list[Mapping[str, Any]]]:
    """Canonical rows that arrived for accounts, in the order of their arrival."""
    query = select(INTERACTION.c.account_key, INTERACTION.c.row).order_by(INTERACTION.c.id)
    found: dict[str, list[Mapping[str, Any]]] = {}
    for some in _parts(keys):
        for key, row in connection.execute(query.where(INTERACTION.c.account_key.in_(some))):
            found.setdefault(key, []).append(json.loads(row))
    return found


def keep_interaction(connection: Connection, one: Arrived, at: int, who: str) -> bool:
    """Keep an interaction; False where its id is there already, also by somebody who writes at the same time."""
    added = connection.execute(
        text(
            "INSERT INTO interaction (interaction_id, lead_id, account_key, occurred_at, row, received_at, "
            "received_from) VALUES (:interaction_id, :lead_id, :account_key, :occurred_at, :row, :at, :who) "
            "ON CONFLICT DO NOTHING"
        ),
        {**{name: getattr(one, name) for name in Arrived.__slots__}, "at": at, "who": who},
    )
    return added.rowcount == 1


@dataclass(frozen=True, slots=True)
class Waiting:
    """Accounts with interactions that their leads' scores do not know of yet, and how far was looked."""

    account_keys: tuple[str, ...]
    looked_to: int


def waiting_accounts(connection: Connection, publication: int, after: int, slack: int) -> Waiting:
    """Accounts with interactions (numbers above `after`) that came after their leads were scored, or `slack` before."""
    newest = connection.scalar(select(INTERACTION.c.id).order_by(INTERACTION.c.id.desc()).limit(1)) or 0
    if newest <= after:
        return Waiting((), after)
    query = (
        select(INTERACTION.c.account_key)
        .join(LEAD, LEAD.c.account_key == INTERACTION.c.account_key)
        .where(
            INTERACTION.c.id > after,
            INTERACTION.c.id <= newest,
            LEAD.c.publication == publication,
            LEAD.c.is_open,
            LEAD.c.scored_at < INTERACTION.c.received_at + slack,
        )
        .distinct()
    )
    return Waiting(tuple(sorted(connection.scalars(query))), newest)


def _parts(ids: Iterable[str]) -> Iterable[Collection[str]]:
    different = sorted(set(ids))
    return (different[at : at + AT_ONCE] for at in range(0, len(different), AT_ONCE))
