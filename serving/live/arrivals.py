"""Interactions that a program sends: each is checked alone, and stored, known already, or refused with its reason."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from features.cells import EPOCH, MICROSECOND, identifier, instant, label, number, required
from features.errors import InputContractError
from serving.live.account_history import unpacked
from serving.store import interactions as kept
from serving.store.connection import Transaction
from serving.store.interactions import Arrived
from serving.store.publications import current

Row = Mapping[str, Any]
Fate = Literal["stored", "duplicate", "refused"]
SKEW_US = 120_000_000
"""A sender's clock may be so far ahead."""
_TEXTS = ("topic", "channel", "direction", "actor")
_NUMBERS = ("duration_s", "value")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one interaction: under which id it is known, and why it was refused."""

    item: int
    status: Fate
    interaction_id: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, and whose leads they see, by the owner's name (None: the pool's)."""

    name: str
    sees: Callable[[str | None], bool]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What became of all of them, in their order, and whose leads are to be scored anew."""

    outcomes: tuple[Outcome, ...]
    account_keys: tuple[str, ...]


def canonical(row: Row, now: int) -> dict[str, Any]:
    """The row as the store keeps it: nulls left out, times in UTC, and an id that follows from its contents.

    Raises:
        InputContractError: something is missing, unreadable, or lies in the future.
    """
    moment = required(row, "occurred_at", instant)
    if moment > now + SKEW_US:
        raise InputContractError(
            f"occurred_at: expected a time that is over, got {row['occurred_at']!r}; it is {_text(now)}"
        )
    found = {
        "lead_id": identifier(row.get("lead_id")),
        "account_id": identifier(row.get("account_id")),
        "occurred_at": _text(moment),
        "kind": required(row, "kind", label),
        **{name: label(row.get(name)) for name in _TEXTS},
        **{name: number(row.get(name)) for name in _NUMBERS},
    }
    if found["lead_id"] is None and found["account_id"] is None:
        raise InputContractError("lead_id: is missing: expected a lead_id or an account_id, got neither")
    there = {name: value for name, value in found.items() if value is not None}
    return {**there, "interaction_id": identifier(row.get("interaction_id")) or _id_of(there)}


def _text(moment: int) -> str:
    return f"{(EPOCH + moment * MICROSECOND).isoformat().removesuffix('+00:00')}Z"


def _id_of(row: Row) -> str:
    """The same contents have the same id."""
    written = json.dumps(row, sort_keys=True, ensure_ascii=False)
    return f"sha256:{hashlib.sha256(written.encode()).hexdigest()[:32]}"


def take_in(connection: Transaction, rows: Sequence[Row | InputContractError], sender: Sender, now: int) -> Arrivals:
    """Store the interactions in this transaction; what could not even be read stands as its error in its place."""
    read = [_canonical(row, now) for row in rows]
    known = _known(connection, [row for row in read if not isinstance(row, InputContractError)])
    outcomes, touched = [], dict[str, None]()
    for item, row in enumerate(read):
        outcome, key = _taken(connection, row, known, (sender, now))
        outcomes.append(Outcome(item, *outcome))
        if outcome[0] == "stored" and key is not None:
            touched[key] = None
    return Arrivals(tuple(outcomes), tuple(touched))


def _canonical(row: Row | InputContractError, now: int) -> dict[str, Any] | InputContractError:
    if isinstance(row, InputContractError):
        return row
    try:
        return canonical(row, now)
    except InputContractError as error:
        return error


@dataclass(frozen=True, slots=True)
class _Known:
    """Whom the ids mean, and the interactions that are there already; further ones are added on the way."""

    leads: Mapping[str, kept.KnownLead]
    accounts: Mapping[str, set[str | None]]
    rows: dict[str, Row]
    packed: Mapping[str, bytes]
    of_account: dict[str, Mapping[str, Row]]

    def exported(self, key: str) -> Mapping[str, Row]:
        """The interactions that the publication has of an account, by id."""
        if key not in self.of_account:
            rows = unpacked(self.packed[key]).interactions if key in self.packed else ()
            self.of_account[key] = {row["interaction_id"]: row for row in rows if "interaction_id" in row}
        return self.of_account[key]


def _known(connection: Transaction, rows: Sequence[Row]) -> _Known:
    publication = current(connection)
    if publication is None:
        return _Known({}, {}, {}, {}, {})
    leads = kept.known_leads(connection, publication.id, (row["lead_id"] for row in rows if "lead_id" in row))
    alone = {row["account_id"] for row in rows if "lead_id" not in row}
    accounts = kept.owners_of_accounts(connection, publication.id, alone)
    keys = {lead.account_key for lead in leads.values()} | set(accounts)
    before = kept.known_rows(connection, (row["interaction_id"] for row in rows))
    packed = kept.packed_histories(connection, publication.id, keys)
    return _Known(leads, accounts, dict(before), packed, {})


def _taken(
    connection: Transaction, row: dict[str, Any] | InputContractError, known: _Known, by: tuple[Sender, int]
) -> tuple[tuple[Fate, str | None, str | None], str | None]:
    sender, now = by
    try:
        if isinstance(row, InputContractError):
            raise row
        key, whole = _placed(row, known, sender)
    except InputContractError as error:
        return ("refused", None, str(error)), None
    name = str(whole["interaction_id"])
    before = known.rows.get(name) or known.exported(key).get(name)
    if before is None:
        arrived = Arrived(name, whole.get("lead_id"), key, instant(whole["occurred_at"]), _json(whole))
        if kept.keep_interaction(connection, arrived, now, sender.name):
            known.rows[name] = whole
            return ("stored", name, None), key
        before = kept.known_rows(connection, [name])[name]
    if _contents(before) != _contents(whole):
        detail = (
            f"interaction_id: {name!r} is known with other contents: expected an id of its own for each interaction"
        )
        return ("refused", name, detail), None
    return ("duplicate", name, None), None


def _placed(row: dict[str, Any], known: _Known, sender: Sender) -> tuple[str, dict[str, Any]]:
    """The account that a row stands under, and the row with the account's id."""
    if "lead_id" not in row:
        account = row["account_id"]
        if not any(sender.sees(owner) for owner in known.accounts.get(account, ())):
            raise InputContractError(f"account_id: expected the account of a known lead, got {account!r}")
        return account, row
    lead = known.leads.get(row["lead_id"])
    if lead is None or not sender.sees(lead.owner):
        raise InputContractError(f"lead_id: expected a known lead, got {row['lead_id']!r}")
    if row.get("account_id") not in (None, lead.account_id):
        raise InputContractError(f"account_id: expected {lead.account_id!r}, the lead's, got {row['account_id']!r}")
    return lead.account_key, row if lead.account_id is None else {**row, "account_id": lead.account_id}


def _contents(row: Row) -> dict[str, Any]:
    """What an interaction says; under which account it stands is said by its lead."""
    return {name: value for name, value in row.items() if name != "account_id" or "lead_id" not in row}


def _json(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))
