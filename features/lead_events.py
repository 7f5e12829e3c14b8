"""Interactions of one account from plain rows, as the columns that histories are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import compress

import numpy as np

from features.cells import Row, cell, each, identifier, instant, label, number, refuse_unknown, required, rows_under
from features.errors import InputContractError
from features.histories import DURATION_UNIT_S, INBOUND, NOT_GIVEN, OUTBOUND, VALUE_UNIT, fixed_point, wanted_events
from features.hygiene import BY_REP
from features.project import HygieneSettings
from features.schema import SPECS
from features.traffic import fitting
from features.windows import Floats, Ints

_DIRECTIONS: dict[str | None, int] = {"inbound": INBOUND, "outbound": OUTBOUND}
# Before the words of `direction` where sales made the event and such events are left out; no word has it.
_REP = "\t"
_KEYS = frozenset(column.name for column in SPECS["interactions"].columns)
# A row as (time, lead, kind, topic, direction, duration, value).
_Event = tuple[int, int, str, str | None, str | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class People:
    """Whom the ids of rows mean: the account, the lead, and the number of each lead of the account by its id.

    `tests` are the numbers of leads that are tests of the seller's own.
    """

    account_id: str | None
    lead_id: str
    numbers: Mapping[str, int]
    tests: frozenset[int]


@dataclass(frozen=True, slots=True)
class Events:
    """Events in no order: names of kinds and topics in the order of their codes, and one array per column."""

    kinds: tuple[str, ...]
    topics: tuple[str, ...]
    columns: Mapping[str, Ints]


def account_events(history: Row, people: People, rules: HygieneSettings) -> Events:
    """Events of the account that count; those that repeat another one in every column count once, as at the door.

    Raises:
        InputContractError: a row with something missing, unknown or unreadable, or of somebody else.
    """
    found = each(history, "interactions", lambda row: _event(row, people))
    rows = rows_under(history, "interactions")
    events = _without_repeats(*_marked(*_without_excluded(found, rows, people, rules), rules)) if found else []
    time, lead, kind, topic, direction, duration, value = zip(*events, strict=True) if events else [()] * 7
    kinds, topics = _alphabetical(kind), _alphabetical(topic)
    columns = {
        "time": np.array(time, np.int64),
        "lead": np.array(lead, np.int64),
        "account": np.zeros(len(events), np.int64),
        "kind": _codes(kind, kinds),
        "topic": _codes(topic, topics),
        "direction": np.array([_direction(name) for name in direction], np.int64),
        "duration": fixed_point(_filled(duration), DURATION_UNIT_S),
        "has_duration": np.array([seconds is not None for seconds in duration], np.int64),
        "value": fixed_point(_filled(value), VALUE_UNIT),
    }
    wanted = wanted_events(columns, len(people.numbers), tuple(kinds), rules)[0] if rules.enabled else columns
    return Events(tuple(kinds), tuple(topics), wanted)


def _event(row: Row, people: People) -> _Event:
    refuse_unknown(row, _KEYS)
    return (
        cell(row, "occurred_at", instant),
        who(row, people),
        required(row, "kind", label),
        label(row.get("topic")),
        label(row.get("direction")),
        cell(row, "duration_s", number),
        cell(row, "value", number),
    )


def who(row: Row, people: People) -> int:
    """Number of the lead that a row is about; −1 for a row of the account alone.

    Raises:
        InputContractError: it names nobody, an unknown lead or another account.
    """
    given = row.get("lead_id")
    if isinstance(given, str) and given in people.numbers:
        return people.numbers[given]
    name = identifier(given)
    if name is None:
        return _of_account(row, people)
    if name not in people.numbers:
        known = f"{people.lead_id!r} or one of the {len(people.numbers) - 1} colleagues"
        raise InputContractError(f"lead_id: expected {known}, got {name!r}: add that lead to colleagues")
    return people.numbers[name]


def _of_account(row: Row, people: People) -> int:
    account = identifier(row.get("account_id"))
    if account is None:
        raise InputContractError("lead_id: is missing: expected a lead_id or an account_id, got neither")
    if account != people.account_id:
        own = f"{people.account_id!r}, the lead's" if people.account_id else "none, for the lead has none"
        raise InputContractError(f"account_id: expected {own}, got {account!r}")
    return -1


def _without_excluded(
    events: list[_Event], rows: Sequence[Row], people: People, rules: HygieneSettings
) -> tuple[list[_Event], Sequence[Row]]:
    """Events, and their rows, that the rules on single rows let pass (see `features.traffic`)."""
    if not rules.enabled:
        return events, rows
    first = instant(datetime(rules.first_year, 1, 1, tzinfo=UTC))
    actors = [label(row.get("actor")) for row in rows]
    bots, internal = (_fitting(actors, patterns) for patterns in (rules.bots, rules.internal_actors))
    kept = [
        time >= first
        and lead not in people.tests
        and actor not in bots
        and (actor not in internal or direction == "outbound")
        for (time, lead, _, _, direction, _, _), actor in zip(events, actors, strict=True)
    ]
    return list(compress(events, kept)), list(compress(rows, kept))


def _marked(events: list[_Event], rows: Sequence[Row], rules: HygieneSettings) -> tuple[list[_Event], Sequence[Row]]:
    """Events with a mark on those that sales made, where such are left out; and their rows."""
    if not rules.without_reps:
        return events, rows
    actors = [label(row.get("actor")) for row in rows]
    reps = _fitting(actors, rules.rep_actors)
    made = [
        direction == "outbound" or kind in rules.rep_kinds or actor in reps
        for (_, _, kind, _, direction, _, _), actor in zip(events, actors, strict=True)
    ]
    marked = [(*e[:4], f"{_REP}{e[4] or ''}", *e[5:]) if mark else e for e, mark in zip(events, made, strict=True)]
    return marked, rows


def _direction(name: str | None) -> int:
    if name is not None and name.startswith(_REP):
        return BY_REP + _DIRECTIONS.get(name.removeprefix(_REP), NOT_GIVEN)
    return _DIRECTIONS.get(name, NOT_GIVEN)


def _fitting(actors: Sequence[str | None], patterns: tuple[str, ...]) -> set[str | None]:
    different = sorted({actor for actor in actors if actor is not None}) if patterns else []
    return set(compress(different, fitting(different, patterns)))


def _without_repeats(events: list[_Event], rows: Sequence[Row]) -> list[_Event]:
    """Events of different rows; the columns that tell equal events apart are read only where there are such."""
    named = [name for row in rows if (name := identifier(row.get("interaction_id"))) is not None]
    if len(set(events)) == len(events) and len(set(named)) == len(named):
        return events
    others = [
        (label(row.get("channel")), label(row.get("actor")), identifier(row.get("interaction_id"))) for row in rows
    ]
    different = list(dict.fromkeys(zip(events, others, strict=True)))
    ids = [interaction_id for _, (_, _, interaction_id) in different if interaction_id is not None]
    if len(set(ids)) < len(ids):
        twice = next(name for number_, name in enumerate(ids) if name in ids[:number_])
        raise InputContractError(
            f"interactions: interaction_id {twice!r} comes twice with different contents: send one row an id"
        )
    return [event for event, _ in different]


def _alphabetical(names: Sequence[str | None]) -> list[str]:
    return sorted({name for name in names if name is not None})


def _codes(names: Sequence[str | None], different: Sequence[str]) -> Ints:
    code: dict[str | None, int] = {name: number for number, name in enumerate(different)}
    return np.array([code.get(name, -1) for name in names], np.int64)


def _filled(numbers: Sequence[float | None]) -> Floats:
    return np.array([number or 0.0 for number in numbers], np.float64)
