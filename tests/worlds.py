"""Small worlds for tests: canonical tables from literal timelines, and hypothesis strategies of random ones.

A world is plain rows: dictionaries whose times are whole microseconds since 1970. Literal timelines give times as days
since `ZERO`, a Thursday, by `day(…)`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from features.catalog import AttributeCode, Catalog, FeatureDef
from features.engagement import View
from features.engagement.view import Codes
from features.event_log import EventLog
from features.histories import Histories, build_histories
from features.schema import SPECS, Column
from features.snapshots import Snapshots
from features.tables import Tables

DAY = 86_400_000_000
HOUR = DAY // 24
SECOND = 1_000_000
ZERO = int(pd.Timestamp("2026-01-01", tz="UTC").value // 1000)

Row = Mapping[str, Any]
Rows = tuple[Row, ...]
TIMES = {
    "leads": "created_at",
    "interactions": "occurred_at",
    "lead_changes": "changed_at",
    "assessments": "assessed_at",
    "decisions": "decided_at",
}


def day(days: float, microseconds: int = 0) -> int:
    """Microseconds of `days` after 2026-01-01 00:00 UTC (and some more microseconds)."""
    return ZERO + round(days * DAY) + microseconds


def moment(microseconds: int) -> datetime:
    return pd.Timestamp(microseconds, unit="us", tz="UTC").to_pydatetime()


@dataclass(frozen=True)
class World:
    """Rows of each canonical table; leads and accounts may carry attributes."""

    leads: Rows = ()
    interactions: Rows = ()
    deals: Rows = ()
    accounts: Rows = ()
    lead_changes: Rows = ()
    assessments: Rows = ()
    decisions: Rows = ()

    def tables(self, data_end: int | None = None) -> Tables:
        frames = {name: frame(name, getattr(self, name, ())) for name in SPECS}
        timed = any(lead.get("created_at") is not None for lead in self.leads)
        return Tables(**frames, data_end=moment(day(400) if data_end is None else data_end), timed=timed)

    def histories(self) -> Histories:
        return build_histories(self.tables())

    def account_of(self, lead_id: str) -> str | None:
        return next(lead.get("account_id") for lead in self.leads if lead["lead_id"] == lead_id)


def frame(name: str, rows: Iterable[Row]) -> pd.DataFrame:
    """Rows as the canonical table `name`, with the types the door gives."""
    rows = list(rows)
    spec = SPECS[name]
    columns = {column.name: _typed([row.get(column.name) for row in rows], column) for column in spec.columns}
    extra = {key for row in rows for key in row} - set(columns)
    return pd.DataFrame(columns | {key: pd.Series([row.get(key) for row in rows]) for key in sorted(extra)})


def _typed(values: list[Any], column: Column) -> pd.Series:
    if column.type in ("time", "month"):
        stamps = np.array([np.datetime64("NaT", "us") if v is None else np.datetime64(v, "us") for v in values])
        return pd.Series(stamps.astype("datetime64[us]")).dt.tz_localize("UTC")
    return pd.Series(values, dtype="float64" if column.type == "number" else "str")


def lead(lead_id: str = "L1", created: float | None = 0, account: str | None = None, **attributes: Any) -> Row:
    created_at = None if created is None else day(created)
    return {"lead_id": lead_id, "created_at": created_at, "account_id": account, **attributes}


def event(days: float, kind: str = "visit", who: str | None = "L1", **more: Any) -> Row:
    """An interaction of a lead, or with `who=None, account_id=…` of an account."""
    return {"lead_id": who, "occurred_at": day(days), "kind": kind, **more}


def deal(
    status: str, closed: float | None = None, who: str | None = "L1", opened: float | None = None, **more: Any
) -> Row:
    """A deal of a lead, or with `who=None, account_id=…` of an account."""
    closed_at, opened_at = (None if days is None else day(days) for days in (closed, opened))
    return {"lead_id": who, "status": status, "closed_at": closed_at, "opened_at": opened_at, **more}


def assessment(days: float | None, criterion: str, met: float, who: str = "L1") -> Row:
    assessed_at = None if days is None else day(days)
    return {"lead_id": who, "assessed_at": assessed_at, "criterion": criterion, "met": met}


def change(days: float, field: str, value: str | None, who: str = "L1") -> Row:
    return {"lead_id": who, "changed_at": day(days), "field": field, "value": value}


def snapshots(histories: Histories, pairs: Iterable[tuple[str, int]]) -> Snapshots:
    """Snapshots of (lead_id, microseconds), in the order the histories want."""
    number = {name: i for i, name in enumerate(histories.lead_ids)}
    rows = sorted((number[lead_id], as_of) for lead_id, as_of in pairs)
    return Snapshots(np.array([r[0] for r in rows], np.int64), np.array([r[1] for r in rows], np.int64))


def view(*events: Row, as_of: float, leads: Rows | None = None) -> View:
    """The events of lead L1 (the first in order) seen from one as-of day, with every kind and topic of the data."""
    histories = World(leads=leads or (lead(),), interactions=events).histories()
    log, n = histories.by_lead, len(histories.kinds)
    return View(log, np.array([0]), np.array([day(as_of)]), *as_they_are(log), n)


def as_they_are(log: EventLog) -> tuple[Codes, Codes]:
    """A vocabulary in which every kind and topic has the code that it has in the data."""
    kinds, topics = (np.arange(int(codes.max(initial=-1)) + 2, dtype=np.int32) for codes in (log.kind, log.topic))
    kinds[-1] = topics[-1] = -1
    return kinds, topics


# Random worlds -------------------------------------------------------------------------------------------------------
WINDOWS = (2, 7)
AS_OFS = (day(0), day(5), day(10.5), day(40))
KINDS = ("click", "Visit", "webinar", "rare one", "rare two")
TOPICS = ("price", "security", "seldom")
LEADS = ("L1", "L2", "L3", "L4", "L5")
ACCOUNTS = ("A", "B")
POINTS = {"click": 3.0, "webinar": 20.0, "rare one": 0.7, "Visit": -15.0}
CRITERIA = ("budget", "authority", "need")
BORDERS = tuple(
    as_of - days * DAY + microseconds for as_of in AS_OFS for days in (0, *WINDOWS) for microseconds in (-1, 0, 1)
)
BURST = tuple(day(4) + minutes * 60 * SECOND for minutes in (0, 29, 30, 31, 59, 60, 61, 90, 91))


def any_time(rng: Random) -> int:
    """A time at, just before or just after some border; in a burst; on the hour; or anywhere."""
    pick = rng.randrange(4)
    if pick == 0:
        return rng.choice(BORDERS)
    if pick == 1:
        return rng.choice(BURST)
    return ZERO + (rng.randint(-20 * 24, 50 * 24) * HOUR if pick == 2 else rng.randint(-(10**11), 10**12))


def any_event(rng: Random, lead_ids: Sequence[str], when: Callable[[Random], int] = any_time) -> Row:
    """An interaction of some lead, of an account only, or of an account without leads."""
    who = rng.choice([*((name, None) for name in lead_ids), *((None, account) for account in (*ACCOUNTS, "Z"))])
    return {
        "lead_id": who[0],
        "account_id": who[1],
        "occurred_at": when(rng),
        "kind": rng.choice(KINDS),
        "topic": rng.choice((None, *TOPICS)),
        "direction": rng.choice((None, "inbound", "outbound")),
        "duration_s": rng.choice((None, 0.0, 0.5, 12.345, 90.0)),
        "value": rng.choice((None, -3.5, 0.0, 3.5001, 1000.0)),
    }


def any_assessment(rng: Random, lead_ids: Sequence[str], when: Callable[[Random], int] = any_time) -> Row:
    return {
        "lead_id": rng.choice(lead_ids),
        "assessed_at": when(rng),
        "criterion": rng.choice(("budget", "Authority", "NEED", "something else")),
        "met": rng.choice((0.0, 0.4, 0.5, 1.0)),
    }


def any_change(rng: Random, lead_ids: Sequence[str], when: Callable[[Random], int] = any_time) -> Row:
    field, values = rng.choice(
        (
            ("seniority", ("junior", "chief", "never seen", None)),
            ("employees", ("12", "7.5", "many", None)),
            ("newsletter", ("true", "No", "perhaps", None)),
            ("not an attribute", ("x",)),
        )
    )
    return {"lead_id": rng.choice(lead_ids), "changed_at": when(rng), "field": field, "value": rng.choice(values)}


def any_deal(rng: Random, lead_ids: Sequence[str]) -> Row:
    opened, closed = sorted((any_time(rng), any_time(rng)))
    status = rng.choice(("open", "won", "lost"))
    return {
        "lead_id": rng.choice(lead_ids),
        "status": status,
        "opened_at": rng.choice((None, opened)),
        "closed_at": None if status == "open" else closed,
    }


def any_lead(rng: Random, lead_id: str) -> Row:
    return {
        "lead_id": lead_id,
        "created_at": any_time(rng),
        "account_id": rng.choice((None, *ACCOUNTS, *ACCOUNTS)),
        "source": rng.choice((None, "web", "fair")),
        "seniority": rng.choice((None, "junior", "senior", "chief")),
        "employees": rng.choice((None, 12.0, 7.5)),
        "newsletter": rng.choice((None, True, False)),
    }


def random_world(n_leads: int, n_events: int, seed: int) -> World:
    """A world of up to five leads in up to three accounts, in no order, the same for the same numbers."""
    rng = Random(seed)
    lead_ids = LEADS[:n_leads]
    industry, revenue = (None, "steel", "glass"), (None, 1.0, 2.5)
    return World(
        leads=tuple(any_lead(rng, name) for name in lead_ids),
        interactions=tuple(any_event(rng, lead_ids) for _ in range(n_events)),
        accounts=tuple(
            {"account_id": name, "industry": rng.choice(industry), "revenue": rng.choice(revenue)} for name in ACCOUNTS
        ),
        lead_changes=tuple(any_change(rng, lead_ids) for _ in range(rng.randrange(7))),
        assessments=tuple(any_assessment(rng, lead_ids) for _ in range(rng.randrange(10))),
        deals=tuple(any_deal(rng, lead_ids) for _ in range(rng.randrange(6))),
    )


def worlds() -> st.SearchStrategy[World]:
    """Random worlds; the numbers of leads and events shrink, what they are follows from a seed."""
    return st.builds(random_world, st.integers(1, 5), st.integers(0, 50), st.integers(0, 2**32 - 1))


def all_pairs(world: World, as_ofs: Iterable[int] = AS_OFS) -> list[tuple[str, int]]:
    """Every lead at every as-of time (also before its creation: features must not care)."""
    return [(row["lead_id"], as_of) for row in world.leads for as_of in as_ofs]


def past(world: World, as_of: int) -> World:
    """The world as it stood just before `as_of`: later rows are not there, deals closed later are still open."""
    cut = {
        name: tuple(row for row in getattr(world, name) if row[column] is None or row[column] < as_of)
        for name, column in TIMES.items()
        if name != "leads"
    }
    return replace(
        world, **cut, deals=tuple(_deal_before(row, as_of) for row in world.deals if _deal_known(row, as_of))
    )


def _deal_known(row: Row, as_of: int) -> bool:
    first = row["opened_at"] if row["opened_at"] is not None else row["closed_at"]
    return first is None or first < as_of


def _deal_before(row: Row, as_of: int) -> Row:
    closed_later = row["closed_at"] is not None and row["closed_at"] >= as_of
    return {**row, "status": "open", "closed_at": None} if closed_later else row


# A catalog of every family -------------------------------------------------------------------------------------------
ATTRIBUTES = (
    AttributeCode("seniority", "category", ("senior", "junior", "chief"), tracked=True),
    AttributeCode("employees", "number"),
    AttributeCode("newsletter", "boolean", tracked=True),
    AttributeCode("source", "category", ("web",)),
    AttributeCode("account_industry", "category", ("steel",)),
    AttributeCode("account_revenue", "number"),
)
SELECTIONS = (None, "kind:0", "kind:1", "kind:3", "topic:0", "topic:2", "direction:inbound", "direction:outbound")
WINDOWED = ("active_days", "sessions", "dwell_s", "dwell_mean_s", "value", "variety", "entropy")
TEAM = ("colleagues_active", "seniorities_active")
ONCE = ("colleagues", "profile_filled", "lead_age_days", "weekday", "month", "criteria_met", "criteria_known")
WHOLE = ("days_since_first", "gap_mean_days", "gap_std_days", "gap_max_days", "first_kind", "last_kind")


def _definitions() -> list[tuple[str, str, str | None, int | None]]:
    """(family, owner, of, days) of every family, with every parameter it takes."""
    owners = ("lead", "account")
    spans = (*WINDOWS, None)
    return [
        *(("count", owner, of, days) for owner, of, days in product(owners, SELECTIONS, spans)),
        *(("days_since_last", owner, of, None) for owner, of in product(owners, SELECTIONS)),
        *(("trend", owner, of, days) for owner, of, days in product(owners, (None, "kind:0"), WINDOWS)),
        *((family, owner, None, days) for family, owner, days in product(WINDOWED, owners, spans)),
        *((family, owner, None, days) for family, owner, days in product(("trend_ratio", "interest"), owners, WINDOWS)),
        *((family, owner, None, None) for family, owner in product(WHOLE, owners)),
        *((family, "lead", None, days) for family, days in product(TEAM, WINDOWS)),
        *((family, "lead", None, None) for family in ONCE),
        *(("attribute", "lead", code.name, None) for code in ATTRIBUTES),
        *((family, "lead", name, None) for family, name in product(("criterion_met", "criterion_age_days"), CRITERIA)),
    ]  # fmt: skip


def full_catalog() -> Catalog:
    """Every family of `features.catalog`, for leads and accounts, with all its parameters."""
    features = tuple(
        FeatureDef(f"{family} {owner} {of} {days}", family, "Interest", "", owner, of, days)  # type: ignore[arg-type]
        for family, owner, of, days in _definitions()
    )
    return Catalog(features, ATTRIBUTES, KINDS[:3], TOPICS[:2], CRITERIA, POINTS)
