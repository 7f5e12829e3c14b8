"""What the API answers of a lead."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from features.contact_window import OUTSIDE
from serving.web.api.times import said_time, said_time_or_none

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ScoreAt:
    """A score as of a time."""

    as_of: str
    score: int


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead as it stands: of the last publication, or newer where interactions or decisions came since.

    What is not known is null; a lead whose outcome is known has no score. `priority` is propensity × value, and half of
    it where `priority_halved` says so: outside the contact window. `revision` grows with every change; the
    ETag is made of it.
    """

    lead_id: str
    account_id: str | None
    account_name: str | None
    name: str | None
    title: str | None
    source: str | None
    owner: str | None
    created_at: str | None
    stage: str
    stage_since: str | None
    due_at: str | None
    snoozed_until: str | None
    do_not_contact: bool
    customer: bool
    is_open: bool
    as_of: str
    model_version: str
    score: int | None
    score_before: int | None
    band: str | None
    propensity: float | None
    propensity_low: float | None
    propensity_high: float | None
    familiar: bool | None
    sales_qualified: bool | None
    rank: int | None
    bant_met: int | None
    bant_qualified: bool | None
    criteria: Mapping[str, str]
    points: float | None
    agreement: str | None
    contact: str | None
    value: float | None
    priority: float
    priority_halved: bool
    trend: tuple[ScoreAt, ...]
    revision: int


_TIMES = ("created_at", "stage_since", "due_at", "snoozed_until")
_AS_THEY_ARE = tuple(
    name for name in Lead.__slots__ if name not in (*_TIMES, "priority_halved", "as_of", "criteria", "trend")
)


def lead_answer(row: Row) -> Lead:
    """A row of the store as it is answered."""
    known: dict[str, Any] = {name: row[name] for name in _AS_THEY_ARE}
    return Lead(
        **known | {name: said_time_or_none(row[name]) for name in _TIMES},
        priority_halved=row["contact"] in OUTSIDE,
        as_of=said_time(row["as_of"]),
        criteria=json.loads(row["criteria"]),
        trend=tuple(ScoreAt(said_time(at), score) for at, score in json.loads(row["trend"])),
    )
