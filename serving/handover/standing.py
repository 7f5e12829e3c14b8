"""Where a lead stands in the process as of a date, and by when something must have happened."""

from dataclasses import replace

from features.dates import Dates
from serving.handover.content import Standing
from serving.handover.source import LeadSource
from serving.language.handover_words import stage_word
from serving.language.plain_text import one_line
from serving.language.routing_words import routing_reason
from serving.language.translations import Translation
from serving.lifecycle.history import process_of
from serving.lifecycle.lead_stages import events_of_lead, lead_stages
from serving.lifecycle.service_levels import promise_of
from serving.routing.run import given_to


def standing(source: LeadSource) -> Standing:
    """Stage, owner and clock of the lead, from the stage machine."""
    process = process_of(source.project, source.settings.label.deals_of_account)
    promise = promise_of(source.project)
    found = lead_stages(process, source.tables, promise, source.lead_id, source.as_of)
    bare = Standing(
        stage=found.stage,
        label=stage_word(source.to, found.stage),
        since=found.since,
        owner=None if found.owner is None else one_line(found.owner),
        do_not_contact=found.do_not_contact,
        due=found.due,
        overdue=found.overdue,
        sentence="",
    )
    return replace(bare, sentence=standing_sentence(source.to, source.dates, bare))


def standing_sentence(to: Translation, dates: Dates, found: Standing) -> str:
    """Stage, since when, and by when something must have happened."""
    if found.since is None:
        said = to.text("{stage}.", stage=found.label)
    else:
        said = to.text("{stage} since {day}.", stage=found.label, day=dates.day(found.since))
    if found.do_not_contact:
        alone = to.text("Must not be contacted.")
        return f"{said} {alone}"
    if found.due is None:
        return said
    when = dates.minute(found.due)
    clock = to.text("Overdue since {time}.", time=when) if found.overdue else to.text("Due by {time}.", time=when)
    return f"{said} {clock}"


def given(source: LeadSource) -> str | None:
    """Who got the lead from routing, when and why; None where it was not routed."""
    process = process_of(source.project, source.settings.label.deals_of_account)
    events, ids = events_of_lead(process, source.tables, source.lead_id, source.as_of)
    found = given_to(events, ids, source.as_of)
    if found is None or found.at is None:
        return None
    rep, why = one_line(found.owner or ""), routing_reason(source.to, found.reason or "")
    return source.to.text("Given to {rep} on {day}: {why}", rep=rep, day=source.dates.day(found.at), why=why)
