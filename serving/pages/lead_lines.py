"""A lead as one line of a list: what a rep must know before opening it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import nan
from typing import Any
from urllib.parse import quote

from features.contact_window import OUTSIDE
from serving.language.phrases import Phrases
from serving.language.plain_text import spoken
from serving.pages.freshness import moment, moment_or_none
from serving.publish.kept_reasons import NO_FEATURE
from serving.store.leads import LeadRow

MOST_KEPT = 8_192
STATES = ("met", "not_met", "unknown")


@dataclass(frozen=True, slots=True)
class CriterionState:
    """A criterion of the rules: `met`, `not_met`, or `unknown` (never heard of, or too long ago)."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class ScoreAt:
    """A score that was shown, and as of when."""

    at: datetime
    score: int


@dataclass(frozen=True, slots=True)
class TopReason:
    """The reason with the most points, in the reader's language where the model that gave it is in use."""

    feature: str
    points: int
    sentence: str


@dataclass(frozen=True, slots=True)
class LeadLine:
    """One lead of a list; what is not known is null."""

    lead_id: str
    name: str | None
    title: str | None
    company: str | None
    account_key: str
    source: str | None
    owner: str | None
    stage: str
    score: int | None
    change: int | None
    band: str | None
    propensity: float | None
    value: float | None
    priority: float
    priority_halved: bool
    sales_qualified: bool | None
    bant_met: int | None
    bant_qualified: bool | None
    criteria: tuple[CriterionState, ...]
    agreement: str | None
    contact: str | None
    trend: tuple[ScoreAt, ...]
    reason: TopReason | None
    due_at: datetime | None
    overdue: bool
    snoozed_until: datetime | None
    do_not_contact: bool
    customer: bool
    record: str | None


@dataclass(frozen=True, slots=True)
class Telling:
    """How lines are told: now, the address of CRM records, and phrases by model version (of the model in use)."""

    now: int
    crm_record: str | None
    phrases: Mapping[str, Phrases]


def lead_lines(rows: Sequence[LeadRow], telling: Telling) -> tuple[LeadLine, ...]:
    """Rows of the store as lines of a page."""
    return tuple(
        _line(row, telling.phrases.get(row.model_version), telling.crm_record, _late(row, telling)) for row in rows
    )


def record_address(crm_record: str | None, lead_id: str) -> str | None:
    """Address of a lead's record in the CRM; None where `[serve] crm_record` names none."""
    return None if crm_record is None else crm_record.replace("{lead_id}", quote(lead_id, safe=""))


def criteria_of(text: str) -> tuple[CriterionState, ...]:
    """States of the criteria as the store keeps them; one that is out of date is not known."""
    states = json.loads(text).items()
    return tuple(CriterionState(name, state if state in STATES else "unknown") for name, state in states)


def _late(row: LeadRow, telling: Telling) -> bool:
    return row.due_at is not None and row.due_at < telling.now


@lru_cache(maxsize=MOST_KEPT)
def _line(row: LeadRow, words: Phrases | None, crm_record: str | None, overdue: bool) -> LeadLine:
    """A row as a line; each is made once for all who see it."""
    reasons = _strongest(row.reasons, words, 1)
    return LeadLine(
        lead_id=row.lead_id,
        name=row.name,
        title=row.title,
        company=row.account_name or row.account_id,
        account_key=row.account_key,
        source=row.source,
        owner=row.owner,
        stage=row.stage,
        score=row.score,
        change=None if row.score is None or row.score_before is None else row.score - row.score_before,
        band=row.band,
        propensity=row.propensity,
        value=row.value,
        priority=row.priority,
        priority_halved=row.contact in OUTSIDE,
        sales_qualified=row.sales_qualified,
        bant_met=row.bant_met,
        bant_qualified=row.bant_qualified,
        criteria=criteria_of(row.criteria),
        agreement=row.agreement,
        contact=row.contact,
        trend=tuple(ScoreAt(moment(at), score) for at, score in json.loads(row.trend)),
        reason=reasons[0] if reasons else None,
        due_at=moment_or_none(row.due_at),
        overdue=overdue,
        snoozed_until=moment_or_none(row.snoozed_until),
        do_not_contact=row.do_not_contact,
        customer=row.customer,
        record=record_address(crm_record, row.lead_id),
    )


def strongest_reasons(row: LeadRow, phrases: Mapping[str, Phrases], most: int) -> tuple[TopReason, ...]:
    """The features with the most points, up or down, at most `most`: not the start, nor everything else."""
    return _strongest(row.reasons, phrases.get(row.model_version), most)


def _strongest(text: str, words: Phrases | None, most: int) -> tuple[TopReason, ...]:
    named = [one for one in json.loads(text) if one["column"] != NO_FEATURE]
    named.sort(key=lambda one: -abs(one["points"]))
    return tuple(TopReason(one["feature"], one["points"], _sentence(one, words)) for one in named[:most])


def _sentence(one: Mapping[str, Any], words: Phrases | None) -> str:
    if words is None:
        return spoken(one["feature"])
    return words.short(one["column"], nan if one["value"] is None else one["value"])
