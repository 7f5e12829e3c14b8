"""Accounts: companies by their best lead, and one of them with its leads, its buying team and what happened."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from features.schema import SPECS
from features.team import role_of
from features.titles import Role
from serving.language.handover_words import kind_name
from serving.language.plain_text import capitalised, spoken
from serving.language.role_words import missing_role_task
from serving.language.translations import Translation
from serving.lead.explain_words import attribute_name
from serving.live.account_history import AccountHistory, unpacked
from serving.pages.cursor import cursor_of
from serving.pages.freshness import Freshness, freshness
from serving.pages.lead_lines import LeadLine, Telling, lead_lines
from serving.pages.worklist import Reader
from serving.publish.lead_rows import NAMES
from serving.store.accounts import account_kept, accounts_page, leads_of_account
from serving.store.connection import Store
from serving.store.lead_keys import Key, Scope
from serving.store.publications import Publication, current

ROWS, MOST_LEADS, MOST_HAPPENINGS = 30, 100, 30


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account of the list: its open leads, how many are sales qualified, its best ones, and what it is worth."""

    account_key: str
    name: str | None
    leads: int
    qualified: int
    best_priority: float
    best_score: int | None
    priorities: float


@dataclass(frozen=True, slots=True)
class Accounts:
    """Accounts by the priority of their best lead."""

    page: str
    language: str
    scores: Freshness | None
    accounts: tuple[AccountLine, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class RoleCovered:
    """A role of the buying team: how many people are wanted, and how many of the account's leads have it."""

    role: Role
    wanted: int
    people: int


@dataclass(frozen=True, slots=True)
class AccountFact:
    """An attribute of the company."""

    name: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class AccountHappening:
    """An interaction: of a lead that the reader sees, or of somebody unknown at the company (no lead)."""

    at: datetime
    lead_id: str | None
    who: str | None
    what: str
    by_sales: bool


@dataclass(frozen=True, slots=True)
class Account:
    """An account: its leads that the reader sees, the roles that all its leads cover, and the newest happenings."""

    page: str
    language: str
    scores: Freshness
    account_key: str
    account_id: str | None
    name: str | None
    facts: tuple[AccountFact, ...]
    leads: tuple[LeadLine, ...]
    roles: tuple[RoleCovered, ...]
    tasks: tuple[str, ...]
    happenings: tuple[AccountHappening, ...]


@dataclass(frozen=True, slots=True)
class AskedAccounts:
    """How accounts are told, and the limit of ages."""

    to: Translation
    telling: Telling
    stale_after_hours: float

    def ages(self, published: Publication) -> Freshness:
        """How old a publication is."""
        return freshness(published, self.telling.now, self.stale_after_hours)


def accounts(store: Store, reader: Reader, asked: AskedAccounts, after: Key | None) -> Accounts:
    """A page of accounts."""
    language = asked.to.language
    with store.reading() as connection:
        published = current(connection)
        if published is None:
            return Accounts("accounts", language, None, (), None)
        scope = Scope(published.id, reader.visible, asked.telling.now)
        rows, last = accounts_page(connection, scope, after, ROWS)
    lines = tuple(
        AccountLine(r.account_key, r.name, r.leads, r.qualified, r.best_priority, r.best_score, r.priorities)
        for r in rows
    )
    following = None if last is None else cursor_of("priority", last)
    return Accounts("accounts", language, asked.ages(published), lines, following)


def account(store: Store, reader: Reader, asked: AskedAccounts, wanted: Mapping[Role, int], key: str) -> Account | None:
    """One account; None where it is not there, or the reader sees none of its leads."""
    with store.reading() as connection:
        published = current(connection)
        if published is None:
            return None
        scope = Scope(published.id, reader.visible, asked.telling.now)
        rows, kept = leads_of_account(connection, scope, key, MOST_LEADS), account_kept(connection, published.id, key)
    if not rows or kept is None:
        return None
    history = unpacked(kept.history)
    people = Counter(role for row in history.leads if (role := role_of(row.get("title"))) is not None)
    roles = tuple(RoleCovered(role, n, people[role]) for role, n in wanted.items())
    seen = {row.lead_id: row.name for row in rows}
    return Account(
        page="account",
        language=asked.to.language,
        scores=asked.ages(published),
        account_key=key,
        account_id=kept.account_id,
        name=kept.name,
        facts=tuple(_facts(asked.to, history)),
        leads=lead_lines(rows, asked.telling),
        roles=roles,
        tasks=tuple(missing_role_task(asked.to, one.role) for one in roles if one.people == 0),
        happenings=_happenings(asked.to, history, seen),
    )


def _facts(to: Translation, history: AccountHistory) -> Iterator[AccountFact]:
    known = {column.name for column in SPECS["accounts"].columns} | set(NAMES)
    for name, value in (history.account or {}).items():
        if name not in known:
            shown = to.number(value) if type(value) in (int, float) else str(value)
            yield AccountFact(name, attribute_name(to, name), shown)


def _happenings(
    to: Translation, history: AccountHistory, seen: Mapping[str, str | None]
) -> tuple[AccountHappening, ...]:
    """The newest interactions; those of colleagues whom the reader does not see are left out."""
    own = [row for row in history.interactions if row.get("lead_id") is None or row["lead_id"] in seen]
    newest = sorted(own, key=lambda row: str(row["occurred_at"]), reverse=True)[:MOST_HAPPENINGS]
    return tuple(_happening(to, row, seen) for row in newest)


def _happening(to: Translation, row: Mapping[str, Any], seen: Mapping[str, str | None]) -> AccountHappening:
    what, topic, lead_id = capitalised(kind_name(to, str(row["kind"]))), row.get("topic"), row.get("lead_id")
    return AccountHappening(
        at=datetime.fromisoformat(str(row["occurred_at"])),
        lead_id=lead_id,
        who=None if lead_id is None else seen[lead_id],
        what=f"{what} ({spoken(str(topic))})" if topic else what,
        by_sales=row.get("direction") == "outbound",
    )
