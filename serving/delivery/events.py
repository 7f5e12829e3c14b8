"""What webhooks tell: an event of a lead as JSON, with score, reasons and a link; no name or address of a lead."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from features.webhook_settings import Endpoint, EventType
from serving.language.page_words import lead_path
from serving.lifecycle.machine import Stage
from serving.store.outbox import Message

ENTERED: Mapping[Stage, EventType] = {
    "mql": "lead.marketing_qualified",
    "sal": "lead.sales_accepted",
    "sql": "lead.sales_qualified",
    "opportunity": "lead.opportunity",
    "won": "lead.won",
    "lost": "lead.lost",
    "nurture": "lead.nurture",
    "rejected": "lead.rejected",
    "disqualified": "lead.disqualified",
}
"""The event of entering a stage; becoming a lead (again) is none."""
MOST_REASONS = 8


@dataclass(frozen=True, slots=True)
class ReasonSaid:
    """One reason of a score: group, points and sentence."""

    group: str
    points: int
    sentence: str


@dataclass(frozen=True, slots=True)
class LeadSaid:
    """A lead as a webhook tells of it: no name, no address."""

    lead_id: str
    stage: Stage
    score: int | None
    propensity: float | None
    band: str | None
    sales_qualified: bool | None
    bant_met: int | None
    bant_qualified: bool | None
    reasons: Sequence[ReasonSaid]
    owner: str | None
    as_of: datetime | None
    model_version: str | None


@dataclass(frozen=True, slots=True)
class LeadEvent:
    """Something that happened to a lead; `key` is the same whenever the same happening is told again."""

    type: EventType
    at: datetime
    key: str
    lead: LeadSaid
    decision: str | None = None
    reason: str | None = None


def messages_of(event: LeadEvent, endpoints: Sequence[Endpoint], public_url: str | None) -> tuple[Message, ...]:
    """One message for each endpoint that wants to know; to be enqueued in the transaction of the event.

    The id follows from endpoint and event: told again, it is the same message.
    """
    wanted = [one for one in endpoints if event.type in one.events]
    if not wanted:
        return ()
    body = payload(event, public_url)
    return tuple(Message(_id(event, one.name), event.type, one.name, body) for one in wanted)


def payload(event: LeadEvent, public_url: str | None) -> str:
    """The JSON of an event: type, timestamp, data."""
    lead = event.lead
    data = {
        "lead_id": lead.lead_id,
        "stage": lead.stage,
        "decision": event.decision,
        "reason": event.reason,
        "score": lead.score,
        "propensity": lead.propensity,
        "band": lead.band,
        "sales_qualified": lead.sales_qualified,
        "bant_met": lead.bant_met,
        "bant_qualified": lead.bant_qualified,
        "reasons": [
            {"group": one.group, "points": one.points, "sentence": one.sentence} for one in lead.reasons[:MOST_REASONS]
        ],
        "owner": lead.owner,
        "as_of": None if lead.as_of is None else _time(lead.as_of),
        "model_version": lead.model_version,
        "link": None if public_url is None else public_url.rstrip("/") + lead_path(lead.lead_id),
    }
    told = {"type": event.type, "timestamp": _time(event.at), "data": data}
    return json.dumps(told, separators=(",", ":"))


def _id(event: LeadEvent, endpoint: str) -> str:
    named = "\n".join((endpoint, event.type, event.lead.lead_id, event.key))
    digest = hashlib.sha256(named.encode("utf-8", "surrogatepass")).digest()
    return f"msg_{base64.b32encode(digest[:20]).decode().lower()}"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
