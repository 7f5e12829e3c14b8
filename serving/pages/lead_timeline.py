"""What happened to a lead before a date, from the rows that the store keeps, in words of the reader's language."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from serving.language.handover_words import kind_name
from serving.language.plain_text import capitalised, one_line, spoken
from serving.language.translations import Translation
from serving.lead.explain_words import criterion_name
from serving.live.account_history import AccountHistory, Row
from serving.pages.lead_content import Event

MOST = 40
"""Lines of the timeline; earlier ones are counted."""
MET_FROM = 0.5


def timeline(
    history: AccountHistory, lead_id: str, as_of: datetime, to: Translation, zone: ZoneInfo
) -> tuple[tuple[Event, ...], int]:
    """The newest lines first, alike interactions of a day together, and how many earlier ones are left out."""
    every = [
        *_interactions(history, lead_id, as_of, to, zone),
        *_assessments(history, lead_id, as_of, to),
        *_decisions(history, lead_id, as_of, to),
        *_deals(history, lead_id, as_of, to),
        *_created(history, lead_id, as_of, to),
    ]
    ordered = sorted(every, key=lambda one: (one.at, one.side, one.what), reverse=True)
    return tuple(ordered[:MOST]), max(0, len(ordered) - MOST)


def time_of(row: Row, key: str) -> datetime | None:
    """The time under a key of a stored row."""
    text = row.get(key)
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def before(rows: tuple[Row, ...] | list[Row], key: str, as_of: datetime) -> Iterator[tuple[datetime, Row]]:
    """Rows with a time before the date, and that time."""
    for row in rows:
        at = time_of(row, key)
        if at is not None and at < as_of:
            yield at, row


def own(rows: object, lead_id: str) -> list[Row]:
    """The lead's own rows."""
    return [row for row in rows if row.get("lead_id") == lead_id]  # type: ignore[attr-defined]


def _interactions(
    history: AccountHistory, lead_id: str, as_of: datetime, to: Translation, zone: ZoneInfo
) -> Iterator[Event]:
    mine = [row for row in history.interactions if row.get("lead_id", lead_id) == lead_id]
    alike: dict[tuple[Any, ...], tuple[datetime, int]] = {}
    for at, row in before(mine, "occurred_at", as_of):
        key = (at.astimezone(zone).date(), "lead_id" in row, *(row.get(name) for name in _ALIKE))
        last, times = alike.get(key, (at, 0))
        alike[key] = (max(last, at), times + 1)
    for (_, of_lead, kind, topic, direction, actor), (at, times) in alike.items():
        side = "sales" if direction == "outbound" else "lead" if of_lead else "company"
        parts = (topic and spoken(str(topic)), actor and one_line(str(actor)))
        yield Event(at, side, capitalised(kind_name(to, str(kind))), "; ".join(p for p in parts if p) or None, times)


_ALIKE = ("kind", "topic", "direction", "actor")


def _assessments(history: AccountHistory, lead_id: str, as_of: datetime, to: Translation) -> Iterator[Event]:
    for at, row in before(own(history.assessments, lead_id), "assessed_at", as_of):
        name = criterion_name(to, str(row["criterion"]))
        met = row["met"] >= MET_FROM
        what = to.text("Assessed: {name} met", name=name) if met else to.text("Assessed: {name} not met", name=name)
        yield Event(at, "sales", what, _joined(row, ("note", "by")), 1)


def _decisions(history: AccountHistory, lead_id: str, as_of: datetime, to: Translation) -> Iterator[Event]:
    for at, row in before(own(history.decisions, lead_id), "decided_at", as_of):
        what = to.text("Decision of sales: {decision}", decision=spoken(str(row["decision"])))
        yield Event(at, "sales", what, _joined(row, ("reason", "by")), 1)


def _deals(history: AccountHistory, lead_id: str, as_of: datetime, to: Translation) -> Iterator[Event]:
    deals = own(history.deals, lead_id)
    for at, _ in before(deals, "opened_at", as_of):
        yield Event(at, "record", to.text("Deal opened"), None, 1)
    for at, row in before(deals, "closed_at", as_of):
        if row["status"] in ("won", "lost"):
            won = row["status"] == "won"
            what = to.text("Deal won") if won else to.text("Deal lost")
            yield Event(at, "record", what, None if won else _joined(row, ("lost_reason",)), 1)


def _created(history: AccountHistory, lead_id: str, as_of: datetime, to: Translation) -> Iterator[Event]:
    for at, _ in before(own(history.leads, lead_id), "created_at", as_of):
        yield Event(at, "record", to.text("Lead created"), None, 1)


def _joined(row: Row, names: tuple[str, ...]) -> str | None:
    return "; ".join(one_line(str(row[name])) for name in names if row.get(name)) or None
