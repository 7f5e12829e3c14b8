"""One hand-over package from what the product knows of a lead; nothing is worked out here a second time."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from features.dates import zone_of
from features.histories import restrict
from features.nurture_settings import NurtureSettings
from features.points_log import Entry, points_log
from features.some_leads import Some
from features.tables import Tables
from serving.handover.content import HANDOVER_SCHEMA, Handover, Offer, PointLine, PointsSaid
from serving.handover.people import company, person, team
from serving.handover.scored import advice, contact, score
from serving.handover.source import LeadSource, time_of_microseconds
from serving.handover.standing import given, standing
from serving.handover.steps import next_steps
from serving.handover.timeline import consumed, timeline
from serving.handover.verdicts import frameworks, open_questions
from serving.language.content_words import content_line
from serving.language.phrases import Phrases
from serving.lead.what_if import Effect, actionable_kinds, usual_interactions, what_would_change
from serving.nurture.next_content import offered_to, offers
from training.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Model:
    """The champion with its phrases in the language of the package."""

    bundle: Bundle
    phrases: Phrases


def compose(source: LeadSource, read: Some, model: Model | None) -> Handover:
    """The package of one lead.

    `read` holds the tables of closed leads as well, for content to offer; `model` is None where none was promoted.
    """
    said = frameworks(source)
    questions, people, where = open_questions(said), team(source), standing(source)
    advised = advice(source)
    offered = _offers(source, read.tables)
    scored = None if model is None else score(source, model.bundle, model.phrases)
    effects = () if model is None or scored is None else _effects(source, read, model.bundle)
    happened, earlier = timeline(source)
    return Handover(
        schema_version=HANDOVER_SCHEMA,
        project=source.project.project.name,
        lead_id=source.lead_id,
        as_of=source.as_of,
        timezone=zone_of(source.project),
        language=source.to.language,
        person=person(source),
        company=company(source),
        standing=where,
        next_steps=next_steps(source, (where, advised), (said, questions), people, (effects, offered)),
        score=scored,
        contact=contact(source, where, advised),
        frameworks=said,
        open_questions=questions,
        points=_points(source),
        content=consumed(source),
        offers=offered,
        team=people,
        timeline=happened,
        earlier=earlier,
        given=given(source),
        notes=_notes(source, model, scored is not None),
    )


def _effects(source: LeadSource, read: Some, bundle: Bundle) -> Sequence[Effect]:
    usual = usual_interactions(read.examples, actionable_kinds(bundle))
    return what_would_change(bundle, source.tables, source.lead_id, source.as_of, usual)


def _offers(source: LeadSource, tables: Tables) -> tuple[Offer, ...]:
    if not tables.timed:
        return ()
    nurturing = source.project.section("nurture", NurtureSettings)
    of_account = source.settings.label.deals_of_account
    listed = offers(tables, source.as_of, pd.Series([source.lead_id]), nurturing, of_account)[1]
    return tuple(
        Offer(
            one.kind, one.topic, one.won_consumed, one.won_leads, one.lost_consumed, one.lost_leads,
            content_line(source.to, one),
        )
        for one in offered_to(listed)
    )  # fmt: skip


def _points(source: LeadSource) -> PointsSaid:
    settings = source.project.points
    found = points_log(source.histories, source.tables, source.snapshot, settings, source.tracked)
    return PointsSaid(
        total=found.total / 1000,
        engagement=found.engagement / 1000,
        fit=found.fit / 1000,
        grade=found.grade,
        threshold=settings.threshold,
        entries=tuple(_entry(entry) for entry in found.entries),
    )


def _entry(entry: Entry) -> PointLine:
    return PointLine(time_of_microseconds(entry.at), entry.what, entry.points / 1000)


def _notes(source: LeadSource, model: Model | None, scored: bool) -> tuple[str, ...]:
    to = source.to
    found = []
    if model is None:
        found.append(to.text("No model has been promoted yet: this package rests on rules and facts alone."))
    elif not scored:
        found.append(to.text("No score: the lead is not open as of this date, it was won or lost before."))
    if not source.tables.timed:
        found.append(to.text("The leads of this project have no times: nothing can be said as of a date."))
    return tuple(found)


def account_of(tables: Tables, lead_id: str) -> Tables:
    """The tables cut to the lead's account."""
    return restrict(tables, pd.Index([lead_id]))
