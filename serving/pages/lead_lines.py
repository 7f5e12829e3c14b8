"""A lead as one line of a list: what a rep must know before opening it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import numpy as np

from serving.language.phrases import Phrases
from serving.language.plain_text import spoken
from serving.pages.freshness import moment, moment_or_none
from serving.publish.kept_reasons import NO_FEATURE
from serving.store.leads import LeadRow

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
    reasons = _top_reasons(rows, telling.phrases)
    return tuple(_line(row, reason, telling) for row, reason in zip(rows, reasons, strict=True))


def record_address(crm_record: str | None, lead_id: str) -> str | None:
    """Address of a lead's record in the CRM; None where `[serve] crm_record` names none."""
    return None if crm_record is None else crm_record.replace("{lead_id}", quote(lead_id, safe=""))


def criteria_of(text: str) -> tuple[CriterionState, ...]:
    """States of the criteria as the store keeps them; one that is out of date is not known."""
    states = json.loads(text).items()
    return tuple(CriterionState(name, state if state in STATES else "unknown") for name, state in states)


def _line(row: LeadRow, reason: TopReason | None, telling: Telling) -> LeadLine:
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
        sales_qualified=row.sales_qualified,
        bant_met=row.bant_met,
        bant_qualified=row.bant_qualified,
        criteria=criteria_of(row.criteria),
        agreement=row.agreement,
        contact=row.contact,
        trend=tuple(ScoreAt(moment(at), score) for at, score in json.loads(row.trend)),
        reason=reason,
        due_at=moment_or_none(row.due_at),
        overdue=row.due_at is not None and row.due_at < telling.now,
        snoozed_until=moment_or_none(row.snoozed_until),
        do_not_contact=row.do_not_contact,
        customer=row.customer,
        record=record_address(telling.crm_record, row.lead_id),
    )


def _top_reasons(rows: Sequence[LeadRow], phrases: Mapping[str, Phrases]) -> list[TopReason | None]:
    """The strongest reason of each row; those of the model in use are phrased together."""
    tops = [_strongest(row.reasons) for row in rows]
    told: dict[int, str] = {}
    for version, words in phrases.items():
        ours = {i: top for i, top in enumerate(tops) if top and rows[i].model_version == version}
        if ours:
            told |= zip(ours, _phrased(words, list(ours.values())), strict=True)
    return [_reason(top, told.get(i)) if top else None for i, top in enumerate(tops)]


def _strongest(text: str) -> dict[str, Any] | None:
    """The feature with the most points, up or down: not the start, the end of the scale, or everything else."""
    named = [one for one in json.loads(text) if one["column"] != NO_FEATURE]
    return max(named, key=lambda one: abs(one["points"])) if named else None


def _phrased(words: Phrases, reasons: Sequence[Mapping[str, Any]]) -> list[str]:
    columns = np.array([one["column"] for one in reasons], np.int64)
    points = np.array([one["points"] for one in reasons], np.int64)
    values = np.array([np.nan if one["value"] is None else one["value"] for one in reasons], np.float64)
    said: list[str] = words.reasons(columns, values, points)[1].to_pylist()
    return said


def _reason(top: Mapping[str, Any], sentence: str | None) -> TopReason:
    return TopReason(top["feature"], top["points"], sentence or spoken(top["feature"]))
