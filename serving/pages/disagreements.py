"""Leads on which model and rules disagree, with what each of them sees."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from serving.pages.cursor import cursor_of
from serving.pages.freshness import Freshness, freshness
from serving.pages.lead_lines import LeadLine, Telling, TopReason, lead_lines, strongest_reasons
from serving.pages.page_counts import PageCounts
from serving.pages.worklist import Reader
from serving.store.connection import Store
from serving.store.lead_keys import Key, Scope, Wanted
from serving.store.leads import leads_page
from serving.store.publications import current

Kind = Literal["model_only", "framework_only", "ask"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ROWS, REASONS = 20, 3


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A lead, the strongest reasons of the model, and the criteria that the rules lack."""

    lead: LeadLine
    reasons: tuple[TopReason, ...]
    not_met: tuple[str, ...]
    to_ask: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Disagreements:
    """Disagreements of one kind, by priority."""

    page: str
    language: str
    scores: Freshness | None
    kind: Kind
    counts: Mapping[str, int]
    leads: tuple[Disagreement, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class AskedKind:
    """What is asked for, and how it is told."""

    kind: Kind
    after: Key | None
    language: str
    telling: Telling
    stale_after_hours: float


def disagreements(store: Store, counts: PageCounts, reader: Reader, asked: AskedKind) -> Disagreements:
    """A page of disagreements as one consistent view of the store."""
    with store.reading() as connection:
        published = current(connection)
        if published is None:
            return Disagreements("disagreements", asked.language, None, asked.kind, {}, (), None)
        scope = Scope(published.id, reader.visible, asked.telling.now)
        counted = counts.of(connection, scope).agreements
        rows, last = leads_page(connection, scope, Wanted(agreement=asked.kind), asked.after, ROWS)
    return Disagreements(
        page="disagreements",
        language=asked.language,
        scores=freshness(published, asked.telling.now, asked.stale_after_hours),
        kind=asked.kind,
        counts={kind: counted.get(kind, 0) for kind in KINDS},
        leads=tuple(
            _disagreement(line, strongest_reasons(row, asked.telling.phrases, REASONS))
            for row, line in zip(rows, lead_lines(rows, asked.telling), strict=True)
        ),
        next=None if last is None else cursor_of("priority", last),
    )


def _disagreement(line: LeadLine, reasons: tuple[TopReason, ...]) -> Disagreement:
    lacking = {
        state: tuple(one.name for one in line.criteria if one.state == state) for state in ("not_met", "unknown")
    }
    return Disagreement(line, reasons, lacking["not_met"], lacking["unknown"])
