"""Who is told what of a lead: from its row in the store to the messages that wait in the outbox."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from features.project import Project
from features.serve_settings import ServeSettings
from features.webhook_settings import Endpoint, WebhookSettings
from serving.delivery.events import ENTERED, LeadEvent, LeadSaid, ReasonSaid, messages_of
from serving.language.phrases import Phrases, phrases_of
from serving.publish.kept_reasons import read_reasons
from serving.reasons import OTHER_GROUP, START_GROUP
from serving.store.outbox import Message
from serving.store.told_leads import ToldLead
from training.bundle import Bundle

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Telling:
    """Endpoints, the words of reasons (None: no model), and the address of the page."""

    endpoints: tuple[Endpoint, ...]
    phrases: Phrases | None
    public_url: str | None


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person decided: which decision, why, when, and the number of the action in the store."""

    decision: str
    reason: str | None
    at: datetime
    action: int


def telling_of(project: Project, bundle: Bundle | None) -> Telling:
    """How a project tells others; raises `ProjectFileError` naming the key at fault."""
    settings = project.section("serve.webhooks", WebhookSettings)
    phrases = None if bundle is None else phrases_of(bundle, settings.language)
    return Telling(settings.endpoints, phrases, project.section("serve", ServeSettings).public_url)


def moved_messages(leads: Iterable[ToldLead], telling: Telling) -> Iterator[Message]:
    """Messages that leads entered their stages; a lead that is a plain lead again is no news."""
    for lead in leads:
        kind = ENTERED.get(lead.stage)  # type: ignore[call-overload]
        if kind is None:
            continue
        at = _time(lead.as_of if lead.stage_since is None else lead.stage_since)
        event = LeadEvent(kind, at, f"{lead.stage} {lead.stage_since}", _said(lead, telling))
        yield from messages_of(event, telling.endpoints, telling.public_url)


def decided_messages(lead: ToldLead, decided: Decided, telling: Telling) -> tuple[Message, ...]:
    """Messages that a person decided about a lead, as it stands after the decision."""
    event = LeadEvent(
        "lead.decided", decided.at, f"action {decided.action}", _said(lead, telling), decided.decision, decided.reason
    )
    return messages_of(event, telling.endpoints, telling.public_url)


def _said(lead: ToldLead, telling: Telling) -> LeadSaid:
    reasons = read_reasons(lead.reasons, telling.phrases)
    return LeadSaid(
        lead_id=lead.lead_id,
        stage=lead.stage,  # type: ignore[arg-type]
        score=lead.score,
        propensity=lead.propensity,
        band=lead.band,
        sales_qualified=lead.sales_qualified,
        bant_met=lead.bant_met,
        bant_qualified=lead.bant_qualified,
        reasons=[
            ReasonSaid(one.group, one.points, one.sentence)
            for one in reasons
            if one.group not in (START_GROUP, OTHER_GROUP)
        ],
        owner=lead.owner,
        as_of=_time(lead.as_of),
        model_version=lead.model_version,
    )


def _time(moment: int) -> datetime:
    return EPOCH + timedelta(microseconds=moment)
