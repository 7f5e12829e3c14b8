"""Who the lead is, its company, and the buying team around it, as of a date."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from features.contact import verify_email, verify_phone
from features.fit import ACCOUNT_PREFIX, word_of
from features.histories import OUTBOUND
from features.schema import SPECS
from features.snapshots import Snapshots
from features.stage_settings import StageSettings
from features.team import ROLES, missing_roles, recorded_roles, role_counts, roles_at, roles_covered
from features.titles import Role
from features.windows import DAY_US, NEVER, history
from serving.handover.content import Company, Fact, Member, Person, Team
from serving.handover.source import LeadSource, text_of, time_of, time_of_microseconds
from serving.language.role_words import missing_role_task, role_word
from serving.lead.explain_words import attribute_name

MOST_MEMBERS = 12
NAMES = ("name", "company", "company_name", "account_name")
"""Columns of accounts that name the company, the first that is there."""


def person(source: LeadSource) -> Person:
    """The lead itself: contact data with what can be said of their form, and its attributes as of the date."""
    lead, process = source.lead, source.project.section("stages", StageSettings)
    email, phone = text_of(lead["email"]), text_of(lead.get(process.phone))
    title = _as_of(source, "title", lead["title"])
    role = _roles(source, Snapshots(source.snapshot.lead, source.snapshot.as_of))[0]
    return Person(
        name=text_of(lead["name"]),
        title=title,
        role=role,
        role_label=None if role is None else role_word(source.to, role),
        email=email,
        email_verdict=verify_email(email),
        phone=phone,
        phone_verdict=verify_phone(phone, process.phone_country),
        source=_as_of(source, "source", lead["source"]),
        created_at=time_of(lead["created_at"]),
        facts=tuple(_facts(source, lead, {*_canonical("leads"), process.phone, source.settings.label.column}, "")),
    )


def company(source: LeadSource) -> Company:
    """The lead's account and its attributes."""
    account = text_of(source.lead["account_id"])
    rows = source.tables.accounts[source.tables.accounts["account_id"] == account]
    if account is None or rows.empty:
        return Company(account, None, ())
    row = rows.iloc[0]
    named = next((name for name in NAMES if name in row.index and text_of(row[name])), None)
    known = {*_canonical("accounts"), *((named,) if named else ())}
    facts = tuple(_facts(source, row, known, ACCOUNT_PREFIX))
    return Company(account, None if named is None else text_of(row[named]), facts)


def _canonical(table: str) -> set[str]:
    return {column.name for column in SPECS[table].columns}  # type: ignore[index]


def _facts(source: LeadSource, row: pd.Series, known: set[str | None], prefix: str) -> Iterator[Fact]:
    for name, value in row.items():
        field = f"{prefix}{name}"
        shown = _as_of(source, str(name) if not prefix else field, value)
        if name not in known and shown is not None:
            label = attribute_name(source.to, str(name))
            yield Fact(str(name), label, shown, tracked=field in source.tracked or str(name) in source.tracked)


def _as_of(source: LeadSource, field: str, exported: object) -> str | None:
    """The value of a field before the date where it has a history, else as exported."""
    if field not in source.tracked:
        return text_of(word_of(exported) if not pd.isna(exported) else None)  # type: ignore[call-overload]
    changes = source.own(source.tables.lead_changes, "changed_at")
    values = changes.loc[changes["field"] == field, "value"]
    return text_of(values.iloc[-1]) if len(values) else None


def team(source: LeadSource) -> Team:
    """The account's leads known by the date, the roles that they cover, and a task for each role that is missing."""
    wanted = source.project.team.roles
    members = _members_at(source)
    roles = _roles(source, members)
    places = np.array([-1 if role is None else ROLES.index(role) for role in roles], np.int64)
    counts = role_counts(np.zeros(len(places), np.int64), places, 1)
    missing = missing_roles(counts[0], wanted)
    people = sorted(_members(source, members, roles), key=_first)
    return Team(
        covered=int(roles_covered(counts, wanted)[0]),
        wanted=len(wanted),
        missing=missing,
        tasks=tuple(missing_role_task(source.to, role) for role in missing),
        members=tuple(people[:MOST_MEMBERS]),
        further=max(0, len(people) - MOST_MEMBERS),
    )


def _first(member: Member) -> tuple[bool, bool, float, str]:
    """The lead, then those with a role, the most recently active first."""
    last = member.last_activity.timestamp() if member.last_activity else 0.0
    return not member.is_lead, member.role is None, -last, member.lead_id


def _members_at(source: LeadSource) -> Snapshots:
    """Every lead of the account that was created by the date; the lead alone where it has no account."""
    histories, number = source.histories, int(source.snapshot.lead[0])
    account = histories.account[number]
    lead = np.arange(histories.account_start[account], histories.account_start[account + 1])
    known = lead[(histories.created[lead] <= source.snapshot.as_of[0]) | (lead == number)]
    return Snapshots(known, np.full(len(known), source.snapshot.as_of[0]))


def _roles(source: LeadSource, members: Snapshots) -> list[Role | None]:
    recorded = recorded_roles(source.histories.leads, source.tables, source.tracked)
    return [None if place < 0 else ROLES[place] for place in roles_at(recorded, members).tolist()]


def _members(source: LeadSource, members: Snapshots, roles: list[Role | None]) -> Iterator[Member]:
    log, leads = source.histories.by_lead, source.histories.leads
    past = history(log.segments, members.lead, members.as_of)
    since = int(source.snapshot.as_of[0]) - source.project.team.active_days * DAY_US
    for i, (number, role) in enumerate(zip(members.lead.tolist(), roles, strict=True)):
        row: Mapping[str, object] = leads.iloc[number]
        own = np.flatnonzero(log.direction[past.first[i] : past.stop[i]] != OUTBOUND)
        last = int(log.time[past.first[i] + own[-1]]) if len(own) else NEVER
        yield Member(
            lead_id=str(row["lead_id"]),
            name=text_of(row["name"]),
            title=text_of(row["title"]),
            role=role,
            role_label=None if role is None else role_word(source.to, role),
            last_activity=time_of_microseconds(last),
            active=last != NEVER and last >= since,
            is_lead=number == int(source.snapshot.lead[0]),
        )
