"""Data quality: what was read, used and quarantined, and what the audit suspects to know the outcome."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.pages.freshness import Freshness, freshness
from serving.store.connection import Store
from serving.store.publications import Publication, current


@dataclass(frozen=True, slots=True)
class Why:
    """A reason, and how many rows it took out."""

    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class TableCount:
    """A canonical table: rows read = used + quarantined, and why rows were quarantined."""

    table: str
    read: int
    used: int
    quarantined: int
    reasons: tuple[Why, ...]


@dataclass(frozen=True, slots=True)
class SuspectColumn:
    """A column (or kind of interaction) that may know the outcome; sentences are English, as the audit wrote them."""

    check: str
    table: str
    column: str
    strength: float
    sentence: str
    advice: str


@dataclass(frozen=True, slots=True)
class Quality:
    """What came in, what of it was used, and what to be careful about."""

    page: str
    language: str
    scores: Freshness | None
    leads: int | None
    open_leads: int | None
    tables: tuple[TableCount, ...]
    left_out: tuple[Why, ...]
    notes: tuple[str, ...]
    suspects: tuple[SuspectColumn, ...]
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AskedQuality:
    """Now, the limit of ages, the language, and where the champion's audit lies (None: there is no champion)."""

    now: int
    stale_after_hours: float
    language: str
    audit: Path | None


def quality(store: Store, asked: AskedQuality) -> Quality:
    """The counts of the current publication beside the audit of the champion's training."""
    with store.reading() as connection:
        published = current(connection)
    summary: Mapping[str, Any] = {} if published is None else json.loads(published.summary)
    audit = _read(asked.audit)
    return Quality(
        page="quality",
        language=asked.language,
        scores=_freshness(published, asked),
        leads=summary.get("leads"),
        open_leads=summary.get("open"),
        tables=tuple(_tables(summary)),
        left_out=_whys(summary.get("left_out", {})),
        notes=tuple(summary.get("notes", ())),
        suspects=tuple(
            SuspectColumn(s["check"], s["table"], s["column"], s["strength"], s["sentence"], s["line"])
            for s in audit.get("suspects", ())
        ),
        limits=tuple(audit.get("limits", ())),
    )


def _freshness(published: Publication | None, asked: AskedQuality) -> Freshness | None:
    return None if published is None else freshness(published, asked.now, asked.stale_after_hours)


def _tables(summary: Mapping[str, Any]) -> Iterator[TableCount]:
    for one in summary.get("tables", ()):
        yield TableCount(one["table"], one["read"], one["used"], one["quarantined"], _whys(one["reasons"]))


def _whys(found: Mapping[str, int]) -> tuple[Why, ...]:
    ordered = sorted(found.items(), key=lambda pair: -pair[1])
    return tuple(Why(reason, rows) for reason, rows in ordered if rows)


def _read(path: Path | None) -> Mapping[str, Any]:
    """The audit; nothing where there is none, or it cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
