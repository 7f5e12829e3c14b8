"""Funnel and money: how many leads go how far, what an SQL costs, and what is to be expected."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serving.pages.freshness import Freshness, freshness
from serving.pages.model_page import Interval
from serving.store.connection import Store
from serving.store.publications import current, document

TOLD = (("lead", "mql"), ("lead", "sql"), ("opportunity", "won"), ("lead", "won"))
"""Steps that are shown by source and month."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """From one stage to another: who entered, who went on so far, and the share expected in the end."""

    from_stage: str
    to_stage: str
    entered: int
    went_on: int
    rate: Interval
    within_days: float | None
    median_days: float | None


@dataclass(frozen=True, slots=True)
class FunnelGroup:
    """The leads of a month of creation, or of a source (null: not known), and the steps of `TOLD`."""

    name: str | None
    leads: int
    rates: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class MoneyLine:
    """Spend, SQLs and wins of a source or month (in all: without a name); note says why a figure is missing."""

    name: str | None
    spend: float | None
    sqls: int
    cost_per_sql: Interval
    wins: int
    roi: Interval
    note: str | None


@dataclass(frozen=True, slots=True)
class Expected:
    """How many of the leads that are open now will reach a stage within so many days."""

    stage: str
    days: int
    by: str
    open_leads: int
    number: Interval
    note: str | None


@dataclass(frozen=True, slots=True)
class Velocity:
    """Leads that reached a stage in the last complete month and in the one before."""

    stage: str
    month: str
    reached: int
    before: int
    growth: Interval


@dataclass(frozen=True, slots=True)
class FunnelPage:
    """The figures of the command `funnel` as of the publication; note says why there are none."""

    page: str
    language: str
    scores: Freshness | None
    steps: tuple[FunnelStep, ...]
    sources: tuple[FunnelGroup, ...]
    months: tuple[FunnelGroup, ...]
    money: tuple[MoneyLine, ...]
    expected: tuple[Expected, ...]
    velocity: tuple[Velocity, ...]
    note: str | None


@dataclass(frozen=True, slots=True)
class AskedFunnel:
    """Now, the limit of ages, and the language."""

    now: int
    stale_after_hours: float
    language: str


def funnel_page(store: Store, asked: AskedFunnel) -> FunnelPage:
    """The funnel of the current publication."""
    with store.reading() as connection:
        published = current(connection)
        body = None if published is None else document(connection, published.id, "funnel")
    found: Mapping[str, Any] = json.loads(body) if body else {}
    rows: Sequence[Row] = found.get("rows", ())
    return FunnelPage(
        page="funnel",
        language=asked.language,
        scores=None if published is None else freshness(published, asked.now, asked.stale_after_hours),
        steps=_steps(rows),
        sources=_groups(rows, "source"),
        months=_groups(rows, "month"),
        money=(*_money(rows, "all"), *_money(rows, "source")),
        expected=tuple(_expected(row) for row in rows if row["figure"].startswith("forecast_by_")),
        velocity=tuple(_velocity(row) for row in rows if row["figure"] == "velocity"),
        note=found.get("note"),
    )


def _steps(rows: Sequence[Row]) -> tuple[FunnelStep, ...]:
    medians = {_edge(row): row.get("value") for row in rows if row["figure"] == "median_days" and row["by"] == "all"}
    return tuple(
        FunnelStep(
            *_edge(row), row["entered"], row["went_on"], _interval(row), row.get("days"), medians.get(_edge(row))
        )
        for row in rows
        if row["figure"] == "conversion" and row["by"] == "all"
    )


def _edge(row: Row) -> tuple[str, str]:
    return row["from_stage"], row["to_stage"]


def _groups(rows: Sequence[Row], by: str) -> tuple[FunnelGroup, ...]:
    own = [row for row in rows if row["figure"] == "conversion" and row["by"] == by]
    steps: dict[str | None, dict[tuple[str, str], Row]] = {}
    for row in own:
        steps.setdefault(row.get("group"), {})[_edge(row)] = row
    return tuple(
        FunnelGroup(
            name,
            max((row["entered"] for edge, row in of.items() if edge[0] == "lead"), default=0),
            tuple(_interval(of.get(edge, {})) for edge in TOLD),
        )
        for name, of in steps.items()
    )


def _money(rows: Sequence[Row], by: str) -> tuple[MoneyLine, ...]:
    figures: dict[str | None, dict[str, Row]] = {}
    for row in rows:
        if row["figure"] in ("spend", "cost_per_sql", "return") and row["by"] == by:
            figures.setdefault(row.get("group"), {})[row["figure"]] = row
    return tuple(_money_line(name, of.get) for name, of in figures.items())


def _money_line(name: str | None, figure: Callable[[str, Row], Row]) -> MoneyLine:
    spend, per_sql, returned = (figure(one, {}) for one in ("spend", "cost_per_sql", "return"))
    return MoneyLine(
        name,
        spend.get("value"),
        per_sql.get("went_on", 0),
        _interval(per_sql),
        returned.get("went_on", 0),
        _interval(returned),
        per_sql.get("note") or returned.get("note"),
    )


def _expected(row: Row) -> Expected:
    by = row["figure"].removeprefix("forecast_by_")
    return Expected(row["to_stage"], int(row["days"]), by, row.get("entered", 0), _interval(row), row.get("note"))


def _velocity(row: Row) -> Velocity:
    return Velocity(
        row["to_stage"], row.get("group") or "", row.get("went_on", 0), row.get("entered", 0), _interval(row)
    )


def _interval(row: Row) -> Interval:
    return Interval(row.get("value"), row.get("low"), row.get("high"))
