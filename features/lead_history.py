"""The history of one lead with its whole account: from plain rows to the arrays that the kernel reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, pairwise

import numpy as np

from features.cells import (
    Row,
    attribute,
    cell,
    each,
    identifier,
    instant,
    label,
    mapping,
    number,
    refuse_unknown,
    required,
    shown,
)
from features.errors import InputContractError
from features.fit import ACCOUNT_PREFIX, NOT_ATTRIBUTES, word_of
from features.histories import Block, event_logs
from features.lead_events import People, account_events, who
from features.project import NO_HYGIENE, HygieneSettings
from features.schema import SPECS
from features.traffic import internal_addresses
from features.windows import NEVER, Floats, Ints

PARTS = ("lead", "account", "colleagues", "interactions", "lead_changes", "assessments")
_CHANGE_KEYS = frozenset(column.name for column in SPECS["lead_changes"].columns)
_ASSESSMENT_KEYS = frozenset(column.name for column in SPECS["assessments"].columns)


@dataclass(frozen=True, slots=True)
class LeadHistory:
    """One lead and its account, checked; it serves any as-of date and any catalog.

    `lead` is the lead's number in `block`, which holds its whole account.
    `seniority` codes the seniorities of the account's leads, −1 where not known. `attributes` are the values of the
    lead and, as `account_…`, of its account. `changes` holds times and values by field, `assessments` times and `met`
    by criterion in lower case: the lead's own, in no order. `hygiene` are the rules by which events count.
    """

    lead: int
    block: Block
    seniority: Ints
    attributes: Mapping[str, object]
    changes: Mapping[str, tuple[Ints, tuple[str | None, ...]]]
    assessments: Mapping[str, tuple[Ints, Floats]]
    hygiene: HygieneSettings


@dataclass(frozen=True, slots=True)
class _Member:
    """A lead of the account."""

    lead_id: str
    account_id: str | None
    created: int
    seniority: str | None
    email: str | None


def read_history(history: Row, hygiene: HygieneSettings = NO_HYGIENE) -> LeadHistory:
    """A lead's history from plain rows with the columns of the canonical tables, as JSON or a database gives them.

    `lead` has lead_id, created_at (null where leads have no times), account_id and attributes; `account` the
    account's attributes; `colleagues` are the other leads of the account, with lead_id, created_at and seniority.
    `interactions` are those of the whole account: each names a lead_id, or only the account_id. `lead_changes` and
    `assessments` are the lead's own unless they name a colleague. Only `lead` must be there. Times are aware datetimes
    or ISO 8601 text with an offset. Interactions that repeat another one in every column count once, and those that
    the rules of `hygiene` leave out do not count.

    Raises:
        InputContractError: something is missing, unknown or unreadable; the message names place, expected and got.
    """
    refuse_unknown(mapping(history), frozenset(PARTS))
    lead, account = (
        cell(history, "lead", mapping),
        cell(history, "account", lambda given: {} if given is None else mapping(given)),
    )
    members = [_member("lead", lead), *each(history, "colleagues", lambda row: _member("colleagues", row))]
    people = _people(members, _common_account(members, account), hygiene)
    ordered = sorted(members, key=lambda member: member.lead_id)
    return LeadHistory(
        lead=people.numbers[people.lead_id],
        block=_block(history, ordered, people, hygiene),
        seniority=_seniorities(ordered),
        attributes=_attributes(lead, account),
        changes=_changes(history, people),
        assessments=_assessments(history, people),
        hygiene=hygiene,
    )


def _member(part: str, row: Row) -> _Member:
    try:
        return _Member(
            lead_id=required(row, "lead_id", identifier),
            account_id=cell(row, "account_id", identifier),
            created=_time_or_null(row, "created_at"),
            seniority=word_of(attribute(row.get("seniority"))),
            email=label(row.get("email")),
        )
    except InputContractError as error:
        raise InputContractError(f"lead, {error}" if part == "lead" else str(error)) from error


def _time_or_null(row: Row, key: str) -> int:
    """The time under `key`; null, where leads have no times, must be said."""
    return NEVER if key in row and row[key] is None else cell(row, key, instant)


def _common_account(members: Sequence[_Member], account: Row) -> str | None:
    of_account = cell(account, "account_id", identifier)
    common = members[0].account_id or of_account
    if of_account not in (None, common):
        raise InputContractError(f"account, account_id: expected {common!r}, the lead's, got {of_account!r}")
    if common is None and len(members) > 1:
        raise InputContractError("lead, account_id: is missing: expected one, for there are colleagues")
    for number_, member in enumerate(members[1:], start=1):
        if member.account_id not in (None, common):
            got = f"expected {common!r}, the lead's, got {member.account_id!r}"
            raise InputContractError(f"colleagues, item {number_}, account_id: {got}")
    return common


def _people(members: Sequence[_Member], account_id: str | None, hygiene: HygieneSettings) -> People:
    # In the order of their ids, as in the histories of a whole project: ties between events go by it.
    ids = sorted(member.lead_id for member in members)
    for one, other in pairwise(ids):
        if one == other:
            raise InputContractError(f"colleagues: lead_id {one!r} comes twice: expected each lead of the account once")
    numbers = {name: rank for rank, name in enumerate(ids)}
    return People(account_id, members[0].lead_id, numbers, _tests(members, numbers, hygiene))


def _tests(members: Sequence[_Member], numbers: Mapping[str, int], hygiene: HygieneSettings) -> frozenset[int]:
    if not (hygiene.enabled and hygiene.internal_domains):
        return frozenset()
    internal = internal_addresses([member.email for member in members], hygiene.internal_domains)
    return frozenset(numbers[member.lead_id] for member in compress(members, internal))


def _seniorities(members: Sequence[_Member]) -> Ints:
    """Codes of the seniorities, as in the profile of a whole project: only which leads share one matters."""
    different = sorted({member.seniority for member in members if member.seniority is not None})
    codes: dict[str | None, int] = {word: code for code, word in enumerate(different)}
    return np.array([codes.get(member.seniority, -1) for member in members], np.int64)


def _attributes(lead: Row, account: Row) -> dict[str, object]:
    of_account = {f"{ACCOUNT_PREFIX}{name}": value for name, value in account.items() if name != "account_id"}
    own = {name: value for name, value in lead.items() if name not in NOT_ATTRIBUTES}
    return {name: attribute(value) for name, value in (of_account | own).items()}


def _block(history: Row, members: Sequence[_Member], people: People, hygiene: HygieneSettings) -> Block:
    created = np.array([member.created for member in members], np.int64)
    events = account_events(history, people, hygiene)
    account = np.zeros(len(members), np.int64)
    by_lead, by_account = event_logs(events.columns, created, account, 1)
    return Block(
        created=created,
        account=account,
        account_start=np.array([0, len(members)]),
        kinds=events.kinds,
        topics=events.topics,
        by_lead=by_lead,
        by_account=by_account,
    )


def _is_own(row: Row, people: People) -> bool:
    """Whether a row is the lead's own; one that names no lead is."""
    return "lead_id" not in row or who(row, people) == people.numbers[people.lead_id]


def _changes(history: Row, people: People) -> dict[str, tuple[Ints, tuple[str | None, ...]]]:
    found: dict[str, list[tuple[int, str | None]]] = {}

    def add(row: Row) -> None:
        refuse_unknown(row, _CHANGE_KEYS)
        field, time = required(row, "field", label), cell(row, "changed_at", instant)
        if _is_own(row, people):
            found.setdefault(field, []).append((time, label(row.get("value"))))

    each(history, "lead_changes", add)
    return {
        field: (np.array([time for time, _ in recorded], np.int64), tuple(value for _, value in recorded))
        for field, recorded in found.items()
    }


def _assessments(history: Row, people: People) -> dict[str, tuple[Ints, Floats]]:
    found: dict[str, list[tuple[int, float]]] = {}

    def add(row: Row) -> None:
        refuse_unknown(row, _ASSESSMENT_KEYS)
        criterion, met = required(row, "criterion", label).lower(), required(row, "met", number)
        if not 0 <= met <= 1:
            raise InputContractError(f"met: expected 0 (not met) to 1 (met), got {shown(row['met'])}")
        time = _time_or_null(row, "assessed_at")
        if _is_own(row, people):
            found.setdefault(criterion, []).append((time, met))

    each(history, "assessments", add)
    return {
        criterion: (np.array([time for time, _ in dated], np.int64), np.array([met for _, met in dated]))
        for criterion, dated in found.items()
    }
