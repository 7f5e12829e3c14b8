"""The stages of one lead for people, as text, and for programs, as JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime

from features.dates import Dates
from serving.language.plain_text import one_line
from serving.lifecycle.lead_stages import LeadStages, Step

MOST_REASON = 300
KNOWN = ("score", "propensity", "points", "framework", "verdict", "evidence", "model_version", "policy_version")


def stages_text(lead: LeadStages, dates: Dates) -> str:
    """Stage, clock and events of a lead; its head names the time zone of all times."""
    head = f"Lead {one_line(lead.lead_id)} as of {dates.minute(lead.as_of)}: {lead.stage}"
    head += f" since {dates.listed(lead.since)}" if lead.since else ""
    return "\n".join([head, *_facts(lead, dates), "", *(line for step in lead.steps for line in _lines(step, dates))])


def _facts(lead: LeadStages, dates: Dates) -> Iterator[str]:
    if len(lead.ids) > 1:
        yield f"merged with {', '.join(one_line(one) for one in lead.ids[1:])}"
    if lead.owner:
        yield f"owner: {one_line(lead.owner)}"
    if lead.until:
        yield f"back as a lead on {dates.listed(lead.until)}"
    if lead.snoozed_until and lead.snoozed_until > lead.as_of:
        yield f"snoozed until {dates.listed(lead.snoozed_until)}"
    if lead.do_not_contact:
        yield "must not be contacted"
    if lead.customer:
        yield "is a customer"
    if lead.contact:
        form = "verified" if lead.contact.verified else "not verified"
        yield f"contact data {form}: e-mail address {lead.contact.email}, phone number {lead.contact.phone}"
    if lead.due:
        state = "overdue" if lead.overdue else "due"
        yield f"{state}: {dates.minute(lead.due)}, {lead.waited_hours:.1f} of {lead.limit_hours:g} business hours"


def _lines(step: Step, dates: Dates) -> Iterator[str]:
    event = step.event
    moved = f"{step.before} → {step.after}" if step.before != step.after else step.after
    at = dates.listed(event.at) if event.at else "not dated"
    to = f", to {one_line(event.owner)}" if event.owner else f", into {one_line(event.into)}" if event.into else ""
    who = f" by {one_line(event.actor)}" if event.actor else ""
    yield f"{at:16}  {event.action:<16} {moved}{to}{who}{'' if step.effective else ' (no effect: not possible then)'}"
    if event.reason:
        yield f"{'':16}  {one_line(event.reason, MOST_REASON)}"
    known = [f"{name} {_shown(getattr(event, name))}" for name in KNOWN if getattr(event, name) is not None]
    if known:
        yield f"{'':16}  {'; '.join(known)}"


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else one_line(str(value), MOST_REASON)


def stages_json(lead: LeadStages) -> str:
    """The same as one JSON object: the fields of `LeadStages`, and of each event what is known."""
    said = asdict(lead)
    said["steps"] = [
        {"before": step.before, "after": step.after, "effective": step.effective, **_event(step)} for step in lead.steps
    ]
    return json.dumps(said, ensure_ascii=False, indent=1, allow_nan=False, default=_as_text)


def _event(step: Step) -> dict[str, object]:
    return {name: value for name, value in asdict(step.event).items() if value is not None and name != "deals"}


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S.%fZ}".replace(".000000Z", "Z")
    return str(value)
