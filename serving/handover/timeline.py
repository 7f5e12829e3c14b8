"""What happened to a lead before a date: its interactions and its company's, what sales did, and content consumed."""

from collections.abc import Iterator

import pandas as pd

from features.nurture_settings import NurtureSettings
from serving.handover.content import Consumed, Happening, Side
from serving.handover.source import LeadSource, text_of, time_of
from serving.language.content_words import content_name
from serving.language.handover_words import kind_name
from serving.language.plain_text import capitalised, spoken
from serving.lead.explain_words import criterion_name

MOST = 40
"""Lines of the timeline; earlier ones are counted."""


def timeline(source: LeadSource) -> tuple[tuple[Happening, ...], int]:
    """The newest lines first, alike ones of a day together, and how many earlier ones are left out."""
    every = [*_interactions(source), *_assessments(source), *_decisions(source), *_deals(source), *_created(source)]
    ordered = sorted(every, key=lambda one: (one.at, one.side, one.what), reverse=True)
    return tuple(ordered[:MOST]), max(0, len(ordered) - MOST)


def consumed(source: LeadSource) -> tuple[Consumed, ...]:
    """Content that the lead had before the date, the newest first."""
    kinds = source.project.section("nurture", NurtureSettings).content
    rows = source.own(source.tables.interactions, "occurred_at")
    rows = rows[rows["kind"].isin(list(kinds))]
    found = []
    for (kind, topic), same in rows.groupby(["kind", "topic"], dropna=False, observed=True):
        about = text_of(topic)
        times = same["occurred_at"]
        first, last = pd.Timestamp(times.iloc[0]).to_pydatetime(), pd.Timestamp(times.iloc[-1]).to_pydatetime()
        found.append(Consumed(str(kind), about, content_name(source.to, str(kind), about), len(same), first, last))
    return tuple(sorted(found, key=lambda one: (one.last, one.label), reverse=True))


def _interactions(source: LeadSource) -> Iterator[Happening]:
    """Interactions of the lead, and of its account without a lead, alike ones of a day together."""
    log = source.tables.interactions
    account = text_of(source.lead["account_id"])
    mine = (log["lead_id"] == source.lead_id) | (log["lead_id"].isna() & (log["account_id"] == account))
    rows = log[mine & (log["occurred_at"] < source.as_of)].sort_values("occurred_at", kind="stable")
    rows = rows.assign(day=rows["occurred_at"].dt.tz_convert(source.dates.zone).dt.date, own=rows["lead_id"].notna())
    keys = ["day", "own", "kind", "topic", "direction", "actor"]
    for (_, own, kind, topic, direction, actor), same in rows.groupby(keys, dropna=False, observed=True):
        side: Side = "sales" if direction == "outbound" else "lead" if own else "company"
        what = capitalised(kind_name(source.to, str(kind)))
        about = text_of(topic)
        detail = "; ".join(part for part in (about and spoken(about), text_of(actor)) if part) or None
        yield Happening(pd.Timestamp(same["occurred_at"].iloc[-1]).to_pydatetime(), side, what, detail, len(same))


def _assessments(source: LeadSource) -> Iterator[Happening]:
    to = source.to
    for row in source.own(source.tables.assessments, "assessed_at").to_dict("records"):
        name = criterion_name(to, str(row["criterion"]))
        met = row["met"] >= source.project.rules.met_from
        what = to.text("Assessed: {name} met", name=name) if met else to.text("Assessed: {name} not met", name=name)
        amount = None if pd.isna(row["amount"]) else to.number(float(row["amount"]))
        deadline = time_of(row["deadline"])
        by_when = None if deadline is None else to.text("by {day}", day=source.dates.day(deadline))
        parts = (amount, by_when, text_of(row["note"]), text_of(row["by"]))
        yield _happening(row["assessed_at"], "sales", what, "; ".join(part for part in parts if part) or None)


def _decisions(source: LeadSource) -> Iterator[Happening]:
    for row in source.own(source.tables.decisions, "decided_at").to_dict("records"):
        what = source.to.text("Decision of sales: {decision}", decision=spoken(str(row["decision"])))
        detail = "; ".join(part for part in (text_of(row["reason"]), text_of(row["by"])) if part) or None
        yield _happening(row["decided_at"], "sales", what, detail)


def _deals(source: LeadSource) -> Iterator[Happening]:
    to, deals = source.to, source.tables.deals
    mine = deals[deals["lead_id"] == source.lead_id]
    for row in mine[mine["opened_at"] < source.as_of].to_dict("records"):
        yield _happening(row["opened_at"], "record", to.text("Deal opened"), None)
    closed = mine[mine["status"].isin(["won", "lost"]) & (mine["closed_at"] < source.as_of)]
    for row in closed.to_dict("records"):
        won = row["status"] == "won"
        what = to.text("Deal won") if won else to.text("Deal lost")
        yield _happening(row["closed_at"], "record", what, None if won else text_of(row["lost_reason"]))


def _created(source: LeadSource) -> Iterator[Happening]:
    created = time_of(source.lead["created_at"])
    if created is not None and created <= source.as_of:
        yield Happening(created, "record", source.to.text("Lead created"), None, 1)


def _happening(at: object, side: Side, what: str, detail: str | None) -> Happening:
    return Happening(pd.Timestamp(at).to_pydatetime(), side, what, detail, 1)  # type: ignore[arg-type]
